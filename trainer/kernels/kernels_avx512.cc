// The loops for AVX-512 (F, BW, DQ, VL) (trainer/CMakeLists.txt has the compiler's options).
#include "trainer/kernels/kernel_loops.h"

namespace millrace::trainer {

constexpr CpuKernels kAvx512Kernels = kernels_of_this_file();

}  // namespace millrace::trainer
