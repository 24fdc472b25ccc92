// SEDD: the score entropy of discrete diffusion in continuous time.
#pragma once

#include <memory>

#include "trainer/objectives/noise.h"
#include "trainer/objectives/objective.h"

namespace millrace::trainer {

/// Where every token becomes the mask in the end. Needs input, target and time. `states` counts the
/// mask.
struct AbsorbingSedd {
  std::shared_ptr<const Noise> noise;
  std::int64_t states = 0;
  std::int64_t mask = 0;
  /// The network's logits are scores relative to those of a uniform guess.
  bool scale_by_sigma = true;
};
[[nodiscard]] std::unique_ptr<Objective> make_sedd(const AbsorbingSedd& settings);

/// Where every token becomes any of `states` tokens in the end. Needs input, target and time.
struct UniformSedd {
  std::shared_ptr<const Noise> noise;
  std::int64_t states = 0;
};
[[nodiscard]] std::unique_ptr<Objective> make_sedd(const UniformSedd& settings);

}  // namespace millrace::trainer
