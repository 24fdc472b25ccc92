// Writing text with a trained network: one file per way to do it; all are listed in samplers.cc.
//
// All probabilities and draws are in f64: in f32 the rare tokens of a large vocabulary come too seldom (arXiv 2409.02908).
#pragma once

#include <cstdint>

#include "trainer/dice.h"
#include "trainer/model.h"

namespace millrace::trainer {

/// What is to be written: B samples of L tokens, on the network's device.
struct Draft {
  torch::Tensor tokens;  ///< i64 [B, L]
  torch::Tensor fixed;   ///< bool [B, L]: these tokens stay; what stands elsewhere does not matter
};

struct Sampled {
  torch::Tensor tokens;             ///< i64 [B, L]
  std::uint64_t network_calls = 0;  ///< each for as many samples as needed it
  std::uint64_t clamped = 0;        ///< transitions of which a probability came out negative, and was taken as 0
};

class Sampler {
 public:
  virtual ~Sampler() = default;
  /// The caller sees to it that no gradient is recorded. `dice` has B samples.
  [[nodiscard]] virtual Sampled sample(Network& network, const Draft& draft, Dice& dice) const = 0;
};

}  // namespace millrace::trainer
