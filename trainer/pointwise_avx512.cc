// The loops for AVX-512 (F, BW, DQ, VL) (trainer/CMakeLists.txt has the compiler's options).
#include "trainer/pointwise_loops.h"

namespace millrace::trainer {

constexpr PointwiseKernels kAvx512Pointwise = pointwise_kernels();

}  // namespace millrace::trainer
