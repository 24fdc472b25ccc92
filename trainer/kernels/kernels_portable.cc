// The loops for the baseline of the machine's kind (trainer/CMakeLists.txt has the compiler's
// options).
#include "trainer/kernels/kernel_loops.h"

namespace millrace::trainer {

constexpr CpuKernels kPortableKernels = kernels_of_this_file();

}  // namespace millrace::trainer
