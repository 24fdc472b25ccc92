// The random numbers of sampling. Each sample has its own, made from the seed and the sample's
// number, so a text depends neither on how many others are written nor on the batches.
#pragma once

#include <cstdint>
#include <vector>

#include "trainer/base/torch.h"

namespace millrace::trainer {

/// The upper 53 bits of a random word as a number in [0, 1).
[[nodiscard]] constexpr double unit_interval(std::uint64_t word) {
  return static_cast<double>(word >> 11) * 0x1p-53;
}

class SampleRng {
 public:
  /// For the samples first … first + samples − 1.
  SampleRng(std::uint64_t seed, std::uint64_t first, std::int64_t samples);
  [[nodiscard]] std::int64_t samples() const { return static_cast<std::int64_t>(states_.size()); }
  /// The next `count` numbers of every sample: f64 [B, count] in [0, 1).
  [[nodiscard]] torch::Tensor uniform(std::int64_t count, torch::Device device);

 private:
  std::vector<std::uint64_t> states_;  ///< SplitMix64's, by sample
};

/// Draws a state from each row of probabilities f64 [n, N], which have positive sums, by u [n] in
/// [0, 1) → i64 [n]. A state of probability 0 is never drawn.
[[nodiscard]] torch::Tensor draw(const torch::Tensor& probabilities, const torch::Tensor& u);

}  // namespace millrace::trainer
