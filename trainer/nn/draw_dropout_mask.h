// Draws a dropout mask (dropout_mask.h) in the forward pass, and recomputes it in the backward
// pass.
#pragma once

#include <torch/csrc/autograd/custom_function.h>

#include "trainer/base/torch.h"
#include "trainer/kernels/dropout_mask.h"

namespace millrace::trainer {

/// Draws 64 bits from LibTorch's default CPU generator and saves them in the context. `drop`: the
/// probability of dropping an element; 0 draws nothing.
[[nodiscard]] DropoutMask draw_dropout_mask(torch::autograd::AutogradContext& context, double drop);
/// The mask that was drawn in this context.
[[nodiscard]] DropoutMask saved_dropout_mask(torch::autograd::AutogradContext& context);

}  // namespace millrace::trainer
