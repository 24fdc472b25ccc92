// The loops of attention_kernels.h. Included by one file for each instruction set, which compiles
// them for it; all is in an unnamed namespace, so that the linker never takes one file's code for
// another's.
//
// Products with kᵀ and vᵀ read a transposed copy [D, L], made once a head.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "trainer/kernels/attention_kernels.h"
#include "trainer/kernels/gemm_loops.h"
#include "trainer/kernels/pointwise_loops.h"

namespace millrace::trainer {
namespace {

// Queries of a block: a multiple of kBlockRows. Their weights for 128 keys take 24 KiB.
constexpr std::int64_t kQueriesAtOnce = 48;

/// [L, D] → [D, L padded with zeros].
inline void transpose(const Rows<const float>& rows, std::int64_t length, std::int64_t size,
                      float* out) {
  const std::int64_t padded = whole_vectors(length);
  for (std::int64_t d = 0; d < size; ++d, out += padded) {
    for (std::int64_t i = 0; i < length; ++i) out[i] = rows[i][d];
    std::fill(out + length, out + padded, 0.0F);
  }
}

/// The queries of one block, and the number of keys that its last query sees.
struct Block {
  std::int64_t first, rows, keys;
};

template <class Use>
void each_block(const AttentionShape& shape, const Use& use) {
  for (std::int64_t first = 0; first < shape.length; first += kQueriesAtOnce) {
    const std::int64_t rows = std::min(kQueriesAtOnce, shape.length - first);
    use(Block{first, rows, shape.causal ? first + rows : shape.length});
  }
}

inline std::int64_t keys_seen(const AttentionShape& shape, std::int64_t query) {
  return shape.causal ? query + 1 : shape.length;
}
inline std::int64_t first_weight(const AttentionShape& shape, std::int64_t query) {
  return (shape.head * shape.length + query) * shape.length;
}
inline float scale_of(const AttentionShape& shape) {
  return 1.0F / std::sqrt(static_cast<float>(shape.size));
}

inline std::int64_t attention_scratch(std::int64_t length, std::int64_t size) {
  return 2 * whole_vectors(length) * (size + kQueriesAtOnce);
}

/// Turns the scores of one query into softmax weights that are not yet divided by their sum, which
/// is returned. Weights from `seen` up to `count` become 0; `largest` gets the largest scaled
/// score.
inline float softmax_row(float* __restrict scores, std::int64_t seen, std::int64_t count,
                         float scale, float* largest) {
  float most = scores[0];
#pragma omp simd reduction(max : most)
  for (std::int64_t j = 0; j < seen; ++j) most = scores[j] > most ? scores[j] : most;
  float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t j = 0; j < seen; ++j) {
    const float weight = exp_of((scores[j] - most) * scale);
    scores[j] = weight;
    sum += weight;
  }
  std::fill(scores + seen, scores + count, 0.0F);
  *largest = most * scale;
  return sum;
}

template <class Factor>
inline void drop_weights(float* weights, const Factor& factor, std::int64_t count) {
#pragma omp simd
  for (std::int64_t j = 0; j < count; ++j) weights[j] *= factor(j);
}

inline void attention_forward(const AttentionShape& shape, const AttentionInput& in,
                              const Rows<float>& out, float* logsumexp, float* scratch) {
  const std::int64_t size = shape.size, padded = whole_vectors(shape.length);
  const float scale = scale_of(shape);
  float* const keys = scratch;
  const Rows<float> weights{scratch + padded * size, padded};
  transpose(in.k, shape.length, size, keys);
  each_block(shape, [&](const Block& block) {
    multiply({in.q[block.first], in.q.stride, 1}, {keys, padded}, block.rows, size,
             whole_vectors(block.keys), weights, false);
    float inverse[kQueriesAtOnce];
    for (std::int64_t i = 0; i < block.rows; ++i) {
      const std::int64_t query = block.first + i, seen = keys_seen(shape, query);
      float largest = 0.0F;
      const float sum = softmax_row(weights[i], seen, block.keys, scale, &largest);
      inverse[i] = 1.0F / sum;
      logsumexp[query] = largest + std::log(sum);
      with_factor(shape.mask, first_weight(shape, query),
                  [&](const auto& factor) { drop_weights(weights[i], factor, seen); });
    }
    const Rows<float> rows{out[block.first], out.stride};
    multiply({weights.values, padded, 1}, in.v, block.rows, block.keys, size, rows, false);
    for (std::int64_t i = 0; i < block.rows; ++i) {
      for (std::int64_t d = 0; d < size; ++d) {
        rows[i][d] *= inverse[i];
      }
    }
  });
}

/// For one query: `scores` become the weights after dropout, and `grad`, the gradient of those
/// weights, becomes that of the scores. `along`: Σ_d g·O of the query.
inline void softmax_row_backward(float* __restrict scores, float* __restrict grad,
                                 std::int64_t seen, std::int64_t count, float scale,
                                 float logsumexp, float along, const DropoutMask& mask,
                                 std::int64_t first) {
  with_factor(mask, first, [&](const auto& factor) {
    for (std::int64_t j = 0; j < seen; ++j) {
      const float weight = exp_of(scores[j] * scale - logsumexp), kept_part = factor(j);
      grad[j] = weight * (grad[j] * kept_part - along) * scale;
      scores[j] = weight * kept_part;
    }
  });
  std::fill(scores + seen, scores + count, 0.0F);
  std::fill(grad + seen, grad + count, 0.0F);
}

inline void attention_backward(const AttentionShape& shape, const AttentionInput& in,
                               const Rows<const float>& out, const float* logsumexp,
                               const Rows<const float>& grad, float* grad_q, float* grad_k,
                               float* grad_v, float* scratch) {
  const std::int64_t size = shape.size, padded = whole_vectors(shape.length);
  const float scale = scale_of(shape);
  float *const keys = scratch, *const values = keys + padded * size;
  const Rows<float> weights{values + padded * size, padded},
      grads{weights.values + padded * kQueriesAtOnce, padded};
  transpose(in.k, shape.length, size, keys);
  transpose(in.v, shape.length, size, values);
  std::fill(grad_k, grad_k + shape.length * size, 0.0F);
  std::fill(grad_v, grad_v + shape.length * size, 0.0F);
  each_block(shape, [&](const Block& block) {
    const std::int64_t columns = whole_vectors(block.keys);
    const Rows<const float> block_q{in.q[block.first], in.q.stride},
        block_grad{grad[block.first], grad.stride};
    multiply({block_q.values, block_q.stride, 1}, {keys, padded}, block.rows, size, columns,
             weights, false);
    multiply({block_grad.values, block_grad.stride, 1}, {values, padded}, block.rows, size, columns,
             grads, false);
    for (std::int64_t i = 0; i < block.rows; ++i) {
      const std::int64_t query = block.first + i;
      float along = 0.0F;
#pragma omp simd reduction(+ : along)
      for (std::int64_t d = 0; d < size; ++d) along += block_grad[i][d] * out[query][d];
      softmax_row_backward(weights[i], grads[i], keys_seen(shape, query), block.keys, scale,
                           logsumexp[query], along, shape.mask, first_weight(shape, query));
    }
    multiply({weights.values, 1, padded}, block_grad, block.keys, block.rows, size, {grad_v, size},
             true);
    multiply({grads.values, padded, 1}, in.k, block.rows, block.keys, size,
             {grad_q + block.first * size, size}, false);
    multiply({grads.values, 1, padded}, block_q, block.keys, block.rows, size, {grad_k, size},
             true);
  });
}

constexpr AttentionKernels attention_kernels() {
  return {attention_scratch, attention_forward, attention_backward};
}

}  // namespace
}  // namespace millrace::trainer
