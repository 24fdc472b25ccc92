// The MLP of a Transformer block.
#pragma once

#include "trainer/nn/fused.h"
#include "trainer/nn/layers.h"

namespace millrace::trainer {

/// second(gelu(first(x))): x [B, L, H], first [M, H], second [H, M] → [B, L, H]. For large enough
/// batches in f32 on a CPU this runs our own loops (mlp_kernels.h), which keep only first(x) for
/// the gradients. Gradients of first order only.
[[nodiscard]] torch::Tensor mlp(const torch::Tensor& x, const Linear& first, const Linear& second,
                                GeluKind kind);

}  // namespace millrace::trainer
