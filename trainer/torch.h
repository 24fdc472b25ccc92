// The parts of LibTorch that this room uses; precompiled once for all files that include it (trainer/CMakeLists.txt).
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/types.h>
#include <torch/utils.h>
