// All CPU loops over f32 and bf16 for one instruction set. kernels_portable.cc, kernels_avx2.cc and
// kernels_avx512.cc compile them; their results differ only by rounding.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "trainer/kernels/attention_kernels.h"
#include "trainer/kernels/gemm_kernels.h"
#include "trainer/kernels/mlp_kernels.h"
#include "trainer/kernels/pointwise_kernels.h"

namespace millrace::trainer {

struct CpuKernels {
  std::int64_t lanes;  ///< f32 numbers of a vector
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

/// The kernels that a processor of this capability can run, the fastest last. `capability` as
/// LibTorch names it: "AVX512", "AVX2", or anything else for the portable kernels only.
[[nodiscard]] std::vector<const CpuKernels*> cpu_kernel_sets(std::string_view capability);

}  // namespace millrace::trainer
