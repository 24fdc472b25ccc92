// MDLM: masked diffusion in continuous time.
#pragma once

#include <memory>

#include "trainer/objectives/noise.h"
#include "trainer/objectives/objective.h"

namespace millrace::trainer {

/// Needs input, target and time.
[[nodiscard]] std::unique_ptr<Objective> make_masked_diffusion(std::shared_ptr<const Noise> noise,
                                                               std::int64_t mask);

}  // namespace millrace::trainer
