// The sampler of masked language models that writes the surest tokens first: `confidence`.
#pragma once

#include <cstdint>
#include <memory>

#include "trainer/sampling/logits_filter.h"
#include "trainer/sampling/sampler.h"
#include "trainer/sampling/samplers.h"

namespace millrace::trainer {

[[nodiscard]] SamplerEntry confidence_entry();

/// After step k of `steps` at most the share 1 − k/steps of the masks is left.
[[nodiscard]] std::unique_ptr<Sampler> make_confidence_sampler(std::int64_t mask,
                                                               std::uint64_t steps,
                                                               const LogitsFilter& filter);

}  // namespace millrace::trainer
