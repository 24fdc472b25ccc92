// The char-diffusion model: a pre-norm Transformer that sees both sides, with rotary positions.
#pragma once

#include <cstdint>
#include <memory>

#include "trainer/model.h"

namespace millrace::trainer {

struct TransformerShape {
  std::int64_t vocab_size = 0;
  std::int64_t block_size = 0;  ///< longest sequence
  std::int64_t n_layer = 0;
  std::int64_t n_head = 0;
  std::int64_t n_embd = 0;  ///< a multiple of 2 · n_head
  double dropout = 0.0;
};

/// Initialised from LibTorch's default generator. Throws std::invalid_argument for a shape that cannot be.
[[nodiscard]] std::shared_ptr<Model> make_bidirectional_transformer(const TransformerShape& shape);

/// Rotary position embedding (arXiv 2104.09864), rotate-half form: component pair (j, j + D/2) of the vector at position p turns
/// by the angle p · 10000^(−2j/D), so that a product of two rotated vectors depends on their distance alone.
struct Rotary {
  Rotary(std::int64_t positions, std::int64_t head_size);
  /// x [B, L, …, D] → the same shape and dtype, computed in f32 at least.
  [[nodiscard]] torch::Tensor rotate(const torch::Tensor& x) const;

  torch::Tensor cos, sin;  ///< [positions, D/2]
};

}  // namespace millrace::trainer
