// Draws which elements a dropout keeps (dropout_mask.h), forwards, and finds the same again
// backwards.
#pragma once

#include <torch/csrc/autograd/custom_function.h>

#include "trainer/base/torch.h"
#include "trainer/kernels/dropout_mask.h"

namespace millrace::trainer {

/// Once a call from LibTorch's default generator of the CPU; nothing is drawn where `drop`, the
/// probability, is 0.
[[nodiscard]] DropoutMask draw_dropout_mask(torch::autograd::AutogradContext& context, double drop);
/// What was drawn in this context.
[[nodiscard]] DropoutMask saved_dropout_mask(torch::autograd::AutogradContext& context);

}  // namespace millrace::trainer
