// The choice of an instruction set (cpu_kernels.h).
#include "trainer/cpu_kernels.h"

#include <ATen/Version.h>

#include <string>

namespace millrace::trainer {

const CpuKernels& cpu_kernels() {
#if defined(__x86_64__)
  static const CpuKernels& chosen = []() -> const CpuKernels& {
    const std::string capability = at::get_cpu_capability();
    if (capability == "AVX512") return kAvx512Kernels;
    return capability == "AVX2" ? kAvx2Kernels : kPortableKernels;
  }();
  return chosen;
#else
  return kPortableKernels;
#endif
}

}  // namespace millrace::trainer
