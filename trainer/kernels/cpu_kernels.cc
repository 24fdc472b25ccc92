// The kernels that a processor can run (cpu_kernels.h).
#include "trainer/kernels/cpu_kernels.h"

namespace millrace::trainer {

std::vector<const CpuKernels*> cpu_kernel_sets([[maybe_unused]] std::string_view capability) {
  std::vector<const CpuKernels*> sets{&kPortableKernels};
#if defined(__x86_64__)
  if (capability == "AVX2" || capability == "AVX512") sets.push_back(&kAvx2Kernels);
  if (capability == "AVX512") sets.push_back(&kAvx512Kernels);
#endif
  return sets;
}

}  // namespace millrace::trainer
