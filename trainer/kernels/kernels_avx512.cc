// The kernels for AVX-512 (F, BW, DQ, VL); trainer/kernels/CMakeLists.txt has the compiler options.
#include "trainer/kernels/kernel_loops.h"

namespace millrace::trainer {

constexpr CpuKernels kAvx512Kernels = kernels_of_this_file();

}  // namespace millrace::trainer
