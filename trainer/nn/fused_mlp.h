// The MLP of a transformer's block.
#pragma once

#include "trainer/nn/fused.h"
#include "trainer/nn/layers.h"

namespace millrace::trainer {

/// second(gelu(first(x))): x [B, L, H], first [M, H], second [H, M] → [B, L, H]. In f32 on a CPU by
/// loops of our own (mlp_kernels.h), which keep first(x) for the gradients and nothing else, where
/// the batch is large enough. Gradients once, not twice.
[[nodiscard]] torch::Tensor mlp(const torch::Tensor& x, const Linear& first, const Linear& second,
                                GeluKind kind);

}  // namespace millrace::trainer
