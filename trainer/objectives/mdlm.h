// train.objective = "mdlm": MDLM, masked diffusion in continuous time.
#pragma once

#include <memory>

#include "trainer/objectives/noise.h"
#include "trainer/objectives/objective.h"
#include "trainer/objectives/objectives.h"

namespace millrace::trainer {

/// Needs input, target and time. `mask`: the token id of [MASK].
[[nodiscard]] std::unique_ptr<Objective> make_mdlm(std::shared_ptr<const Noise> noise,
                                                   std::int64_t mask);

[[nodiscard]] ObjectiveEntry mdlm_objective();

}  // namespace millrace::trainer
