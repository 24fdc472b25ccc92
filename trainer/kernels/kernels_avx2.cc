// The kernels for AVX2 with FMA; trainer/kernels/CMakeLists.txt has the compiler options.
#include "trainer/kernels/kernel_loops.h"

namespace millrace::trainer {

constexpr CpuKernels kAvx2Kernels = kernels_of_this_file();

}  // namespace millrace::trainer
