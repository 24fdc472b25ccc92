// The loops of trainer/cpu_kernels.h for every instruction set that runs here.
#pragma once

#include <ATen/Version.h>

#include <string>
#include <vector>

#include "trainer/cpu_kernels.h"

namespace millrace::testing {

inline std::vector<const trainer::CpuKernels*> kernel_sets() {
  std::vector<const trainer::CpuKernels*> sets{&trainer::kPortableKernels};
#if defined(__x86_64__)
  const std::string capability = at::get_cpu_capability();
  if (capability == "AVX2" || capability == "AVX512") sets.push_back(&trainer::kAvx2Kernels);
  if (capability == "AVX512") sets.push_back(&trainer::kAvx512Kernels);
#endif
  return sets;
}

}  // namespace millrace::testing
