// From logits to the probabilities that tokens are drawn from.
#pragma once

#include "trainer/base/torch.h"
#include "trainer/sampling/sampling_options.h"

namespace millrace::trainer {

/// logits [n, N] → probabilities f64 [n, N], each row with the sum 1. Of equal logits the lower
/// state counts as the likelier.
[[nodiscard]] torch::Tensor probabilities_of(const torch::Tensor& logits,
                                             const LogitsFilter& filter);

}  // namespace millrace::trainer
