// The layers that models are made of. Each is a module whose parameters have PyTorch's names,
// weight and bias, and which starts from the tensors that it is given: how to begin is each model's
// own business.
#pragma once

#include <memory>

#include "trainer/base/torch.h"
#include "trainer/nn/linear_map.h"

namespace millrace::trainer {

/// A matrix [out, in] applied to the last dimension, with a bias where there is one; also a table
/// of embeddings [V, E].
struct Linear : torch::nn::Module {
  explicit Linear(torch::Tensor initial_weight, torch::Tensor initial_bias = {});
  torch::Tensor operator()(const torch::Tensor& x) const { return linear_map(x, weight, bias); }
  torch::Tensor weight, bias;  ///< bias: undefined where there is none
};

/// Normal with this deviation; the bias, if wanted, zero. As nanoGPT begins.
[[nodiscard]] std::shared_ptr<Linear> normal_linear(std::int64_t out, std::int64_t in,
                                                    double deviation, bool bias = false);
/// Uniform in ±1/sqrt(in), the bias too. As PyTorch's Linear begins.
[[nodiscard]] std::shared_ptr<Linear> uniform_linear(std::int64_t out, std::int64_t in, bool bias);
/// Zero, with a bias. As adaLN begins, so that every block starts as the identity.
[[nodiscard]] std::shared_ptr<Linear> zero_linear(std::int64_t out, std::int64_t in);

/// Layer normalisation with a gain, and with a bias where asked for; ε = 1e-5.
struct LayerNorm : torch::nn::Module {
  explicit LayerNorm(std::int64_t size, bool with_bias = false);
  /// x [B, L, E] → the same.
  torch::Tensor operator()(const torch::Tensor& x) const;
  torch::Tensor weight, bias;
};

}  // namespace millrace::trainer
