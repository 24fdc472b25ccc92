// Sampling with a masked language model, surest tokens first.
#pragma once

#include <memory>

#include "trainer/sampling/logits_filter.h"
#include "trainer/sampling/sampler.h"

namespace millrace::trainer {

/// After step k of `steps` at most the share 1 − k/steps of the masks is left.
[[nodiscard]] std::unique_ptr<Sampler> make_confidence_sampler(std::int64_t mask,
                                                               std::uint64_t steps,
                                                               const LogitsFilter& filter);

}  // namespace millrace::trainer
