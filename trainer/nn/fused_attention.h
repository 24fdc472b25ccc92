// Attention on a CPU in f32 by our own loops (attention_kernels.h), with gradients.
#pragma once

#include "trainer/nn/attention.h"

namespace millrace::trainer {

/// Whether fused_attention takes these: as many queries as keys, f32, on a CPU, at most 1024
/// positions, and a head size that is a multiple of CpuKernels::lanes.
[[nodiscard]] bool fits_fused_attention(const torch::Tensor& q, const torch::Tensor& k);

/// attend() where it fits: q, k, v [B, heads, L, D] → [B, heads, L, D], a view of [B, L, heads, D].
/// Each call draws one dropout mask from LibTorch's default generator. Gradients of first order
/// only.
[[nodiscard]] torch::Tensor fused_attention(const torch::Tensor& q, const torch::Tensor& k,
                                            const torch::Tensor& v,
                                            const AttentionSettings& settings);

}  // namespace millrace::trainer
