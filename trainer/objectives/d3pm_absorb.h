// train.objective = "d3pm_absorb": D3PM with an absorbing state, masked diffusion in T steps.
#pragma once

#include <memory>

#include "trainer/objectives/objective.h"
#include "trainer/objectives/objectives.h"

namespace millrace::trainer {

struct AbsorbingD3pm {
  std::int64_t timesteps = 0;  ///< T
  std::int64_t mask = 0;       ///< the token id of [MASK]
  double ce_weight = 0.05;     ///< λ
};
/// Needs input, target, and the time τ as an integer of 1 … T. The metric `bound` of evaluations is
/// the bound of −ln p(x_0), whatever λ.
[[nodiscard]] std::unique_ptr<Objective> make_d3pm_absorb(const AbsorbingD3pm& settings);

[[nodiscard]] ObjectiveEntry d3pm_absorb_objective();

}  // namespace millrace::trainer
