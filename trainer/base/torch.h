// The parts of LibTorch that this room uses, precompiled once for all files that include this
// header (trainer/CMakeLists.txt).
#pragma once

#include <ATen/Config.h>
#include <torch/nn/module.h>
#include <torch/types.h>

#if AT_PARALLEL_OPENMP && !defined(_OPENMP)
#error "compiled without OpenMP, at::parallel_for would have one thread (cmake/LibTorch.cmake)"
#endif
