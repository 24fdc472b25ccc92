// What objectives do to a network's logits before they use them.
#pragma once

#include "trainer/base/torch.h"

namespace millrace::trainer {

/// In f32 at least: what a loss is computed in.
[[nodiscard]] torch::Tensor at_least_f32(const torch::Tensor& logits);

/// logits [..., N] with −∞ at state `mask`, which no original token is.
[[nodiscard]] torch::Tensor without_mask(const torch::Tensor& logits, std::int64_t mask);

}  // namespace millrace::trainer
