// The loops for AVX2 with FMA (trainer/CMakeLists.txt has the compiler's options).
#include "trainer/pointwise_loops.h"

namespace millrace::trainer {

constexpr PointwiseKernels kAvx2Pointwise = pointwise_kernels();

}  // namespace millrace::trainer
