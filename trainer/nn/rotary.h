// Rotary positions of queries and keys.
#pragma once

#include "trainer/base/torch.h"

namespace millrace::trainer {

/// Rotary position embedding (arXiv 2104.09864), rotate-half form: component pair (j, j + D/2) of
/// the vector at position p turns by the angle p · 10000^(−2j/D), so that a product of two rotated
/// vectors depends on their distance alone.
struct Rotary {
  Rotary(std::int64_t positions, std::int64_t head_size);
  /// x [B, L, …, D] → the same shape and dtype, computed in f32 at least.
  [[nodiscard]] torch::Tensor rotate(const torch::Tensor& x) const;

  torch::Tensor cos, sin;  ///< [positions, D/2]
};

}  // namespace millrace::trainer
