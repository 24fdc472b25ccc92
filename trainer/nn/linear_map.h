// The linear map xWᵀ + b by whichever library is fastest.
#pragma once

#include "trainer/base/torch.h"

namespace millrace::trainer {

/// x [..., in] · weightᵀ + bias, weight [out, in], bias [out] or undefined: at::linear's value and
/// gradients.
[[nodiscard]] torch::Tensor linear_map(const torch::Tensor& x, const torch::Tensor& weight,
                                       const torch::Tensor& bias);

}  // namespace millrace::trainer
