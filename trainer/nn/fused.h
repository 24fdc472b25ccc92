// What lies between a network's matrix products, fused: each of these is one pass over memory
// forwards and one backwards, where LibTorch's single operations take several and keep what lies
// between them. On a CPU in f32 and bf16 by our own loops (pointwise_kernels.h), elsewhere (f64,
// GPUs) by LibTorch's operations; both are tested against each other. Under autocast the results
// that only matrix products use are made in its type at once.
//
// Gradients once, not twice. Thread: any; the work itself runs on LibTorch's threads.
#pragma once

#include "trainer/nn/rotary.h"

namespace millrace::trainer {

enum class GeluKind { kExact, kTanh };
/// GELU (arXiv 1606.08415) of x, in its shape and type.
[[nodiscard]] torch::Tensor gelu(const torch::Tensor& x, GeluKind kind);

/// Layer normalisation over the last dimension, ε = 1e-5, then gain and shift: x [B, L, H] → [B, L,
/// H]. gain, shift [1, H], or [B, H] for each sample its own; shift undefined: none.
[[nodiscard]] torch::Tensor scaled_norm(const torch::Tensor& x, const torch::Tensor& gain,
                                        const torch::Tensor& shift = {});

/// x + gate · dropout(h): x, h [B, L, H] → [B, L, H] in x's type. gate [B, H], undefined: 1. Which
/// elements are dropped is drawn from LibTorch's default generator, once a call; `drop` 0: none.
[[nodiscard]] torch::Tensor residual_dropout(const torch::Tensor& x, const torch::Tensor& h,
                                             const torch::Tensor& gate, double drop);

/// dropout(x) of any shape, drawn alike. A training network's; `drop` 0: x itself.
[[nodiscard]] torch::Tensor dropped(const torch::Tensor& x, double drop);

struct Heads {
  torch::Tensor q, k, v;  ///< [B, heads, L, D]
};
/// qkv [B, L, 3, heads, D] by head, queries and keys turned by their positions where there is a
/// `rotary`.
[[nodiscard]] Heads split_heads(const torch::Tensor& qkv, const Rotary* rotary);

}  // namespace millrace::trainer
