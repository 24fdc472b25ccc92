// train.objective = "sedd": SEDD, the score entropy of discrete diffusion in continuous time.
#pragma once

#include <memory>

#include "trainer/objectives/noise.h"
#include "trainer/objectives/objective.h"
#include "trainer/objectives/objectives.h"

namespace millrace::trainer {

/// The absorbing graph: at t = 1 every token has become the mask. Needs input, target and time.
struct AbsorbingSedd {
  std::shared_ptr<const Noise> noise;
  std::int64_t states = 0;  ///< N, the size of the vocabulary with the mask
  std::int64_t mask = 0;    ///< the token id of [MASK]
  /// The network's logits are scores relative to those of a uniform guess.
  bool scale_by_sigma = true;
};
[[nodiscard]] std::unique_ptr<Objective> make_sedd(const AbsorbingSedd& settings);

/// The uniform graph: at t = 1 every token is any of the vocabulary. Needs input, target and time.
struct UniformSedd {
  std::shared_ptr<const Noise> noise;
  std::int64_t states = 0;  ///< N, the size of the vocabulary
};
[[nodiscard]] std::unique_ptr<Objective> make_sedd(const UniformSedd& settings);

/// On a stream with a [MASK] the absorbing graph, else the uniform one.
[[nodiscard]] ObjectiveEntry sedd_objective();

}  // namespace millrace::trainer
