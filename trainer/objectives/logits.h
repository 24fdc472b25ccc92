// A network's logits, as losses and samplers need them: in f32, without the mask.
#pragma once

#include "trainer/base/torch.h"

namespace millrace::trainer {

/// The logits in f32, or in f64 if they are: losses are computed in no less.
[[nodiscard]] torch::Tensor at_least_f32(const torch::Tensor& logits);

/// logits [..., N] with −∞ at token `mask`, which no original token is.
[[nodiscard]] torch::Tensor without_mask(const torch::Tensor& logits, std::int64_t mask);

}  // namespace millrace::trainer
