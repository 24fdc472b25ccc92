// A matrix product in f32 on a CPU at which LibTorch's libraries are slow
// (docs/explanation/performance.md): gᵀ·x, the gradient of a weight, a sum over all positions of a
// batch.
//
// Plain C++ with the compiler's vector types (gemm_loops.h), free of LibTorch. The functions are
// pure. linear_map.cc cuts the work into threads.
#pragma once

#include "trainer/kernels/rows.h"

namespace millrace::trainer {

struct GemmTN {
  Rows<const float> g, x;  ///< [rows, outputs], [rows, inputs]
  std::int64_t rows, outputs;
  std::int64_t inputs;  ///< a multiple of CpuKernels::lanes
  float* out;           ///< gᵀ·x, contiguous [outputs, inputs]
  float* sums;          ///< the sum of g's rows, [outputs]; null: not wanted
};

struct GemmKernels {
  /// Rows of `out` that are computed together; a multiple of it costs least per row.
  std::int64_t block_rows;

  /// The numbers of scratch memory that gemm_tn needs.
  std::int64_t (*scratch)(std::int64_t outputs);
  void (*gemm_tn)(const GemmTN& product, float* scratch);
};

}  // namespace millrace::trainer
