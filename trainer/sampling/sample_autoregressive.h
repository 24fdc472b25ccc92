// The sampler of causal networks: `autoregressive`.
#pragma once

#include <memory>

#include "trainer/sampling/logits_filter.h"
#include "trainer/sampling/sampler.h"
#include "trainer/sampling/samplers.h"

namespace millrace::trainer {

[[nodiscard]] SamplerEntry autoregressive_entry();

/// Throws std::invalid_argument from sample() unless the fixed tokens are the first ones, at least
/// one and as many in each sample.
[[nodiscard]] std::unique_ptr<Sampler> make_autoregressive_sampler(const LogitsFilter& filter);

}  // namespace millrace::trainer
