// Some positions of a batch, chosen by a mask: what an objective takes out of it, and what it adds
// up per sample.
#pragma once

#include "trainer/base/torch.h"

namespace millrace::trainer {

class Positions {
 public:
  /// The positions of bool [B, L] that are true. Finding them waits for the device.
  explicit Positions(const torch::Tensor& chosen);
  /// Those with these numbers, i64 [n], of `samples` samples of `length` positions. −1 is none:
  /// what is said of it counts nowhere.
  Positions(const torch::Tensor& numbers, std::int64_t samples, std::int64_t length);

  /// values [B, L, …] at the n positions: [n, …].
  [[nodiscard]] torch::Tensor gather(const torch::Tensor& values) const;
  /// values [B] of each position's sample: [n].
  [[nodiscard]] torch::Tensor gather_by_sample(const torch::Tensor& values) const;
  /// values [n] added up per sample: [B].
  [[nodiscard]] torch::Tensor sum_by_sample(const torch::Tensor& values) const;

  /// i64 [n], of 0 … B·L − 1.
  [[nodiscard]] const torch::Tensor& numbers() const { return flat_; }

 private:
  std::int64_t samples_;
  torch::Tensor flat_;  ///< [n]; 0 in place of −1
  torch::Tensor rows_;  ///< [n], samples; `samples_` in place of −1
};

/// The length L of each sample of [B, L]: i64 [B], the weights of an objective that counts every
/// position.
[[nodiscard]] torch::Tensor lengths_of(const torch::Tensor& tokens);

}  // namespace millrace::trainer
