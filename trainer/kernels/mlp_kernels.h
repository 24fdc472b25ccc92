// The MLP of a Transformer block in f32 on a CPU, y = W₂·gelu(W₁·x + b₁) + b₂ at every position, a
// block of positions at a time, so that the hidden activations, four times as wide as x, stay in
// the second-level cache. LibTorch's single operations write them to memory and read them again,
// two times forwards and four backwards.
//
// Plain C++ with the compiler's vector types (mlp_loops.h), free of LibTorch. The functions are
// pure. fused_mlp.cc has the mathematics, and cuts the work into blocks and threads.
#pragma once

#include <cstdint>

namespace millrace::trainer {

/// A matrix [n, m] as contiguous panels of `panel` columns: [m / panel][n][panel], with panel =
/// MlpKernels::panel.
using Panels = const float*;

struct MlpShape {
  std::int64_t rows = 0;    ///< positions of the block
  std::int64_t width = 0;   ///< of x and y: a multiple of MlpKernels::panel
  std::int64_t hidden = 0;  ///< of the hidden layer: a multiple of MlpKernels::panel
  bool with_tanh = false;   ///< GELU by tanh, not the exact one
};

struct MlpForward {
  const float* x;                              ///< [rows, width]
  Panels first_transposed, second_transposed;  ///< W₁ᵀ [width, hidden], W₂ᵀ [hidden, width]
  const float *first_bias, *second_bias;       ///< [hidden], [width]
  /// Gets W₁·x without b₁, [rows, hidden] in panels, for the gradients; null: not wanted.
  float* between;
  float* y;  ///< [rows, width]
};

struct MlpBackward {
  const float *x, *between, *grad;  ///< as above; grad: the gradient of y [rows, width]
  Panels first, second;             ///< W₁ [hidden, width], W₂ [width, hidden]
  const float* first_bias;          ///< [hidden]
  float* grad_x;                    ///< [rows, width]
  /// Gradients of the parameters, to which those of the block are added.
  float *grad_first, *grad_second;            ///< [hidden, width], [width, hidden]
  float *grad_first_bias, *grad_second_bias;  ///< [hidden], [width]
};

struct MlpKernels {
  std::int64_t panel;      ///< columns of a panel
  std::int64_t most_rows;  ///< rows of the largest block
  std::int64_t row_unit;   ///< blocks of a multiple of it cost least per row

  /// The numbers of scratch memory that forward and backward need.
  std::int64_t (*scratch)(const MlpShape& shape);
  void (*forward)(const MlpShape& shape, const MlpForward& mlp, float* scratch);
  void (*backward)(const MlpShape& shape, const MlpBackward& mlp, float* scratch);
};

}  // namespace millrace::trainer
