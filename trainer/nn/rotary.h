// Rotary position embedding of queries and keys.
#pragma once

#include "trainer/base/torch.h"

namespace millrace::trainer {

/// Rotary position embedding (arXiv 2104.09864) in its rotate-half form: the component pair
/// (j, j + D/2) of the vector at position p is rotated by the angle p · 10000^(−2j/D), so that the
/// product of two rotated vectors depends only on their distance.
struct Rotary {
  Rotary(std::int64_t positions, std::int64_t head_size);
  /// x [B, L, …, D] → the same shape and dtype, computed in f32 at least.
  [[nodiscard]] torch::Tensor rotate(const torch::Tensor& x) const;

  torch::Tensor cos, sin;  ///< [positions, D/2]
};

}  // namespace millrace::trainer
