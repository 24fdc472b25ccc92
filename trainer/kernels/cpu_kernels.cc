// The choice of an instruction set (cpu_kernels.h).
#include "trainer/kernels/cpu_kernels.h"

#include <ATen/Version.h>

#include <string>
#include <vector>

namespace millrace::trainer {

std::span<const CpuKernels* const> cpu_kernel_sets() {
  static const std::vector<const CpuKernels*> sets = [] {
    std::vector<const CpuKernels*> run{&kPortableKernels};
#if defined(__x86_64__)
    const std::string capability = at::get_cpu_capability();
    if (capability == "AVX2" || capability == "AVX512") run.push_back(&kAvx2Kernels);
    if (capability == "AVX512") run.push_back(&kAvx512Kernels);
#endif
    return run;
  }();
  return sets;
}

const CpuKernels& cpu_kernels() {
  static const CpuKernels& chosen = *cpu_kernel_sets().back();
  return chosen;
}

}  // namespace millrace::trainer
