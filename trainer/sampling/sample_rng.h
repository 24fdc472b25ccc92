// The random numbers of sampling: each sample has its own, made of the seed and the sample's
// number, so a text does not depend on how many others are written, nor on how they are cut into
// batches.
#pragma once

#include <cstdint>
#include <vector>

#include "trainer/base/torch.h"

namespace millrace::trainer {

class SampleRng {
 public:
  /// Of the samples first … first + samples − 1.
  SampleRng(std::uint64_t seed, std::uint64_t first, std::int64_t samples);
  [[nodiscard]] std::int64_t samples() const { return static_cast<std::int64_t>(states_.size()); }
  /// The next `count` numbers of every sample: f64 [B, count] in [0, 1).
  [[nodiscard]] torch::Tensor uniform(std::int64_t count, torch::Device device);

 private:
  std::vector<std::uint64_t> states_;  ///< SplitMix64's, by sample
};

/// probabilities f64 [n, N], each row with a positive sum; u [n] in [0, 1) → states i64 [n]. A
/// state of probability 0 never comes.
[[nodiscard]] torch::Tensor draw(const torch::Tensor& probabilities, const torch::Tensor& u);

}  // namespace millrace::trainer
