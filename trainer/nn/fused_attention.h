// Attention of a training network on a CPU in f32, by loops of our own (attention_kernels.h).
#pragma once

#include "trainer/nn/attention.h"

namespace millrace::trainer {

/// Whether fused_attention can be asked: as many queries as keys, in f32 on a CPU, heads of whole
/// vectors.
[[nodiscard]] bool fits_fused_attention(const torch::Tensor& q, const torch::Tensor& k);

/// attend() where it fits: q, k, v [B, heads, L, D] → [B, heads, L, D], a view of [B, L, heads, D].
/// Which weights are dropped is drawn from LibTorch's default generator, once a call. Gradients
/// once, not twice.
[[nodiscard]] torch::Tensor fused_attention(const torch::Tensor& q, const torch::Tensor& k,
                                            const torch::Tensor& v,
                                            const AttentionSettings& settings);

}  // namespace millrace::trainer
