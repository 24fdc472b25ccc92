// Attention of one head in f32 on a CPU, forwards and backwards, a block of queries at a time: the
// weights of a block are all that is ever kept of them. LibTorch's own kernel asks a library of
// matrix products for each of its small products, which for heads of 32 numbers and some hundred
// positions takes as long to call and to copy for as to multiply.
//
// Plain C++ with vectors of the compiler's (attention_loops.h). Free of LibTorch; pure;
// fused_attention.cc has the mathematics and cuts the work into heads and threads.
#pragma once

#include <cstdint>

#include "trainer/kernels/dropout_mask.h"
#include "trainer/kernels/rows.h"

namespace millrace::trainer {

struct AttentionShape {
  std::int64_t length = 0;  ///< L, positions
  std::int64_t size = 0;    ///< D, numbers of a head at each: a multiple of CpuKernels::lanes
  bool causal = false;      ///< position i sees 0 … i alone
  /// Of weights: that of key j for query i has the number (head·L + i)·L + j.
  DropoutMask dropping;
  std::int64_t head = 0;
};

struct AttentionInput {
  Rows<const float> q, k, v;  ///< [L, D]
};

struct AttentionKernels {
  /// How many numbers of scratch memory the two need.
  std::int64_t (*scratch)(std::int64_t length, std::int64_t size);

  /// out = dropped(softmax(q·kᵀ/√D))·v; logsumexp gets the logarithm of each row's Σ exp [L].
  void (*forward)(const AttentionShape& shape, const AttentionInput& in, const Rows<float>& out,
                  float* logsumexp, float* scratch);

  /// The gradients of q, k and v [L, D], rows side by side, from that of `out`.
  void (*backward)(const AttentionShape& shape, const AttentionInput& in,
                   const Rows<const float>& out, const float* logsumexp,
                   const Rows<const float>& grad, float* grad_q, float* grad_k, float* grad_v,
                   float* scratch);
};

}  // namespace millrace::trainer
