// The choice of CPU kernels by LibTorch's capability (cpu_dispatch.h).
#include "trainer/nn/cpu_dispatch.h"

#include <ATen/Version.h>

#include "trainer/base/torch.h"

namespace millrace::trainer {

std::vector<const CpuKernels*> runnable_cpu_kernels() {
  return cpu_kernel_sets(at::get_cpu_capability());
}

const CpuKernels& cpu_kernels() {
  static const CpuKernels& chosen = *runnable_cpu_kernels().back();
  return chosen;
}

}  // namespace millrace::trainer
