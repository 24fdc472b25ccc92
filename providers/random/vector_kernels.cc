// Finds the kernels that this machine can run, once.
#include "providers/random/vector_kernels.h"

#include <vector>

namespace millrace::providers {
namespace {

std::vector<const Kernels*> find_kernels() {
  std::vector<const Kernels*> found{&kPortableKernels};
#if defined(MILLRACE_X86_KERNELS)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2")) found.push_back(&kAvx2Kernels);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    found.push_back(&kAvx512Kernels);
  }
#endif
  return found;
}

}  // namespace

std::span<const Kernels* const> available_kernels() {
  static const std::vector<const Kernels*> found = find_kernels();
  return found;
}

const Kernels& kernels() {
  static const Kernels& fastest = *available_kernels().back();
  return fastest;
}

}  // namespace millrace::providers
