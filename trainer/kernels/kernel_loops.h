// All loops of cpu_kernels.h, included by the file of each instruction set.
#pragma once

#include "trainer/kernels/attention_loops.h"
#include "trainer/kernels/cpu_kernels.h"
#include "trainer/kernels/gemm_loops.h"
#include "trainer/kernels/mlp_loops.h"
#include "trainer/kernels/pointwise_loops.h"

namespace millrace::trainer {
namespace {

constexpr CpuKernels kernels_of_this_file() {
  return {kLanes, pointwise_kernels(), attention_kernels(), gemm_kernels(), mlp_kernels()};
}

}  // namespace
}  // namespace millrace::trainer
