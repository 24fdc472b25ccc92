// The MLP of a transformer's block in f32 on a CPU, y = W₂·gelu(W₁·x + b₁) + b₂ at every position,
// a block of positions at a time: what lies between its products is four times as wide as x, and
// stays in the processor's second cache. LibTorch's single operations write it to memory and read
// it again, two times forwards and four backwards.
//
// Plain C++ with vectors of the compiler's (mlp_loops.h). Free of LibTorch; pure; fused_mlp.cc has
// the mathematics and cuts the work into blocks and threads.
#pragma once

#include <cstdint>

namespace millrace::trainer {

/// A matrix [n, m] in panels: [m / MlpKernels::panel][n][MlpKernels::panel], so that `panel`
/// columns of it lie together.
using Panels = const float*;

struct MlpShape {
  std::int64_t rows = 0;    ///< positions of the block
  std::int64_t width = 0;   ///< of x and y, a multiple of MlpKernels::panel
  std::int64_t hidden = 0;  ///< of what lies between, likewise
  bool with_tanh = false;   ///< GELU by tanh, not the exact one
};

struct MlpForward {
  const float* x;                              ///< [rows, width]
  Panels first_transposed, second_transposed;  ///< W₁ᵀ [width, hidden], W₂ᵀ [hidden, width]
  const float *first_bias, *second_bias;       ///< [hidden], [width]
  /// Gets W₁·x without b₁, [rows, hidden] in panels; null: not kept.
  float* between;
  float* y;  ///< [rows, width]
};

struct MlpBackward {
  const float *x, *between, *grad;  ///< as above; of y [rows, width]
  Panels first, second;             ///< W₁ [hidden, width], W₂ [width, hidden]
  const float* first_bias;          ///< [hidden]
  float* grad_x;                    ///< [rows, width]
  /// These are added to.
  float *grad_first, *grad_second;            ///< [hidden, width], [width, hidden]
  float *grad_first_bias, *grad_second_bias;  ///< [hidden], [width]
};

struct MlpKernels {
  std::int64_t panel;      ///< columns
  std::int64_t most_rows;  ///< of a block
  std::int64_t row_unit;   ///< blocks of a multiple of so many rows cost least a row

  /// How many numbers of scratch memory the two need.
  std::int64_t (*scratch)(const MlpShape& shape);
  void (*forward)(const MlpShape& shape, const MlpForward& mlp, float* scratch);
  void (*backward)(const MlpShape& shape, const MlpBackward& mlp, float* scratch);
};

}  // namespace millrace::trainer
