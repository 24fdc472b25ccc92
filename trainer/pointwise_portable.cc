// The loops for the baseline of the machine's kind (trainer/CMakeLists.txt has the compiler's options).
#include "trainer/pointwise_loops.h"

namespace millrace::trainer {

constexpr PointwiseKernels kPortablePointwise = pointwise_kernels();

}  // namespace millrace::trainer
