// Sampling token by token with a causal network.
#pragma once

#include <memory>

#include "trainer/sampling/logits_filter.h"
#include "trainer/sampling/sampler.h"

namespace millrace::trainer {

/// The draft's fixed tokens must be the first ones, at least one and as many in each sample; else
/// std::invalid_argument.
[[nodiscard]] std::unique_ptr<Sampler> make_autoregressive_sampler(const LogitsFilter& filter);

}  // namespace millrace::trainer
