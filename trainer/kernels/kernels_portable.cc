// The kernels for the baseline of the architecture; trainer/kernels/CMakeLists.txt has the compiler
// options.
#include "trainer/kernels/kernel_loops.h"

namespace millrace::trainer {

constexpr CpuKernels kPortableKernels = kernels_of_this_file();

}  // namespace millrace::trainer
