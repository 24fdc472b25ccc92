// Attention of one head in f32 on a CPU, forwards and backwards, a block of queries at a time, so
// that only the weights of one block are ever in memory. LibTorch's own kernel calls a library of
// matrix products for each of its small products; for heads of 32 numbers and some hundred
// positions the calls and copies take as long as the multiplications.
//
// Plain C++ with the compiler's vector types (attention_loops.h), free of LibTorch. The functions
// are pure. fused_attention.cc has the mathematics, and cuts the work into heads and threads.
#pragma once

#include <cstdint>

#include "trainer/kernels/dropout_mask.h"
#include "trainer/kernels/rows.h"

namespace millrace::trainer {

struct AttentionShape {
  std::int64_t length = 0;  ///< L, positions
  std::int64_t size = 0;  ///< D, numbers of a head at one position: a multiple of CpuKernels::lanes
  bool causal = false;    ///< position i sees positions 0 … i only
  /// Which weights to drop: that of key j for query i is element (head·L + i)·L + j.
  DropoutMask mask;
  std::int64_t head = 0;  ///< the head's number, over all samples
};

struct AttentionInput {
  Rows<const float> q, k, v;  ///< [L, D]
};

struct AttentionKernels {
  /// The numbers of scratch memory that forward and backward need.
  std::int64_t (*scratch)(std::int64_t length, std::int64_t size);

  /// out = dropout(softmax(q·kᵀ/√D))·v; logsumexp [L] gets ln Σ exp of each row of q·kᵀ/√D.
  void (*forward)(const AttentionShape& shape, const AttentionInput& in, const Rows<float>& out,
                  float* logsumexp, float* scratch);

  /// The gradients of q, k and v, contiguous [L, D], from `grad`, that of `out`.
  void (*backward)(const AttentionShape& shape, const AttentionInput& in,
                   const Rows<const float>& out, const float* logsumexp,
                   const Rows<const float>& grad, float* grad_q, float* grad_k, float* grad_v,
                   float* scratch);
};

}  // namespace millrace::trainer
