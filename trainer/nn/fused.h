// The operations between a network's matrix products, fused: each is one pass over memory forwards
// and one backwards, where LibTorch's single operations take several and keep their intermediate
// results. On a CPU in f32 and bf16 they run our own loops (pointwise_kernels.h), elsewhere (f64,
// GPUs) LibTorch's operations; the tests compare the two. Under autocast, results that only matrix
// products use are produced in autocast's dtype.
//
// Gradients of first order only. Call from any thread; the loops run on LibTorch's threads.
#pragma once

#include "trainer/nn/rotary.h"

namespace millrace::trainer {

enum class GeluKind { kExact, kTanh };
/// GELU (arXiv 1606.08415), elementwise, in the dtype of x.
[[nodiscard]] torch::Tensor gelu(const torch::Tensor& x, GeluKind kind);

/// Layer normalisation over the last dimension, ε = 1e-5: x [B, L, H] → x̂·weight + bias [B, L, H].
/// weight and bias are [1, H], or [B, H] with one row for each sample (adaLN); bias may be
/// undefined.
[[nodiscard]] torch::Tensor layer_norm(const torch::Tensor& x, const torch::Tensor& weight,
                                       const torch::Tensor& bias = {});

/// x + gate · dropout(h): x, h [B, L, H] → [B, L, H] in the dtype of x. gate [B, H]; undefined
/// means 1. `drop`: the probability of dropping an element; each call draws one dropout mask from
/// LibTorch's default generator, and none for 0.
[[nodiscard]] torch::Tensor residual_dropout(const torch::Tensor& x, const torch::Tensor& h,
                                             const torch::Tensor& gate, double drop);

/// dropout(x) for x of any shape, with a mask drawn in the same way; for `drop` 0, x itself.
[[nodiscard]] torch::Tensor dropout(const torch::Tensor& x, double drop);

struct Heads {
  torch::Tensor q, k, v;  ///< [B, heads, L, D]
};
/// qkv [B, L, 3, heads, D] cut by head, with queries and keys rotated by their positions where
/// `rotary` is not null.
[[nodiscard]] Heads split_heads(const torch::Tensor& qkv, const Rotary* rotary);

}  // namespace millrace::trainer
