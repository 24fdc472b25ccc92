// The CPU kernels of this process, for the instruction set that LibTorch chose for its own kernels.
#pragma once

#include "trainer/kernels/cpu_kernels.h"

namespace millrace::trainer {

/// The kernels for at::get_cpu_capability(), which obeys ATEN_CPU_CAPABILITY; checkpoints record
/// it.
[[nodiscard]] const CpuKernels& cpu_kernels();

/// The kernels for every instruction set that runs here, cpu_kernels() last.
[[nodiscard]] std::vector<const CpuKernels*> runnable_cpu_kernels();

}  // namespace millrace::trainer
