// Products of matrices of f32 on a CPU that LibTorch's libraries are slow at
// (docs/explanation/performance.md): gᵀ·x, a weight's gradient, whose sum runs over all positions
// of a batch.
//
// Plain C++ with vectors of the compiler's (gemm_loops.h). Free of LibTorch; pure; linear_map.cc
// cuts the work into threads.
#pragma once

#include "trainer/kernels/rows.h"

namespace millrace::trainer {

struct GemmTN {
  Rows<const float> g, x;  ///< [rows, outputs], [rows, inputs]
  std::int64_t rows, outputs;
  std::int64_t inputs;  ///< a multiple of CpuKernels::lanes
  float* out;           ///< [outputs, inputs] = gᵀ·x, its rows side by side
  float* sums;          ///< [outputs] = the sum of g's rows; null: not wanted
};

struct GemmKernels {
  /// Of `out` that are computed at once: as many, or a multiple, cost least a row.
  std::int64_t block_rows;

  /// How many numbers of scratch memory gemm_tn needs.
  std::int64_t (*scratch)(std::int64_t outputs);
  void (*gemm_tn)(const GemmTN& product, float* scratch);
};

}  // namespace millrace::trainer
