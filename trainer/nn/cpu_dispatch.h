// The CPU kernels of this process: those for the instruction set that LibTorch chose for its own.
#pragma once

#include "trainer/kernels/cpu_kernels.h"

namespace millrace::trainer {

/// The set for at::get_cpu_capability(), which obeys ATEN_CPU_CAPABILITY; checkpoints record it.
[[nodiscard]] const CpuKernels& cpu_kernels();

/// All sets that run here, that one last.
[[nodiscard]] std::vector<const CpuKernels*> runnable_cpu_kernels();

}  // namespace millrace::trainer
