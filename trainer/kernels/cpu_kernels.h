// All loops over f32 and bf16 on a CPU that were compiled for each instruction set, and the choice
// of one of them.
//
// kernels_portable.cc, kernels_avx2.cc and kernels_avx512.cc compile them. Every set comes to the
// same but for roundings.
#pragma once

#include <cstdint>
#include <span>

#include "trainer/kernels/attention_kernels.h"
#include "trainer/kernels/gemm_kernels.h"
#include "trainer/kernels/mlp_kernels.h"
#include "trainer/kernels/pointwise_kernels.h"

namespace millrace::trainer {

struct CpuKernels {
  std::int64_t lanes;  ///< numbers of f32 in a vector
  PointwiseKernels pointwise;
  AttentionKernels attention;
  GemmKernels gemm;
  MlpKernels mlp;
};

extern const CpuKernels kPortableKernels;
#if defined(__x86_64__)
extern const CpuKernels kAvx2Kernels;
extern const CpuKernels kAvx512Kernels;
#endif

/// Those that run here, the chosen ones last.
[[nodiscard]] std::span<const CpuKernels* const> cpu_kernel_sets();

/// Those for the instruction set that LibTorch chose for its own, by ATEN_CPU_CAPABILITY or by what
/// the processor has; a checkpoint names it.
[[nodiscard]] const CpuKernels& cpu_kernels();

}  // namespace millrace::trainer
