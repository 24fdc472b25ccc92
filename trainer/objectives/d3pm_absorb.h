// D3PM with an absorbing state: masked diffusion in T steps.
#pragma once

#include <memory>

#include "trainer/objectives/objective.h"

namespace millrace::trainer {

struct AbsorbingD3pm {
  std::int64_t timesteps = 0;  ///< T
  std::int64_t mask = 0;
  double ce_weight = 0.05;  ///< λ
};
/// Needs input, target, and the time τ as a whole number of 1 … T. Outside of training the metric
/// `bound` is the likelihood bound, whatever λ.
[[nodiscard]] std::unique_ptr<Objective> make_d3pm_absorb(const AbsorbingD3pm& settings);

}  // namespace millrace::trainer
