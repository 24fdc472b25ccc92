// Selected positions of a batch: gathering tensors there, and summing the results by sample.
#pragma once

#include "trainer/base/torch.h"

namespace millrace::trainer {

class Positions {
 public:
  /// The positions where `selected`, bool [B, L], is true. Finding them waits for the device.
  explicit Positions(const torch::Tensor& selected);
  /// The positions with these flat numbers b·L + i, i64 [n], in `samples` samples of `length`
  /// positions. −1 pads: its values count nowhere.
  Positions(const torch::Tensor& numbers, std::int64_t samples, std::int64_t length);

  /// values [B, L, …] at the n positions: [n, …].
  [[nodiscard]] torch::Tensor gather(const torch::Tensor& values) const;
  /// values [B] at the samples of the n positions: [n].
  [[nodiscard]] torch::Tensor gather_by_sample(const torch::Tensor& values) const;
  /// values [n] summed by sample: [B].
  [[nodiscard]] torch::Tensor sum_by_sample(const torch::Tensor& values) const;

  /// The flat numbers, i64 [n], each in 0 … B·L − 1.
  [[nodiscard]] const torch::Tensor& numbers() const { return flat_; }

 private:
  std::int64_t samples_;
  torch::Tensor flat_;  ///< [n]; padding has 0
  torch::Tensor rows_;  ///< [n], the positions' samples; padding has samples_
};

/// L for each sample of [B, L], i64 [B]: the weights of an objective that counts every position.
[[nodiscard]] torch::Tensor lengths_of(const torch::Tensor& tokens);

}  // namespace millrace::trainer
