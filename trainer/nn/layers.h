// Linear and LayerNorm. Their parameters have PyTorch's names, weight and bias. Models choose the
// initial values.
#pragma once

#include <memory>

#include "trainer/base/torch.h"
#include "trainer/nn/linear_map.h"

namespace millrace::trainer {

/// A matrix [out, in] applied to the last dimension, with or without a bias; also a table of
/// embeddings [V, E].
struct Linear : torch::nn::Module {
  explicit Linear(torch::Tensor initial_weight, torch::Tensor initial_bias = {});
  torch::Tensor operator()(const torch::Tensor& x) const { return linear_map(x, weight, bias); }
  torch::Tensor weight, bias;  ///< [out, in]; [out] or undefined
};

/// nanoGPT's initialisation: normal with this standard deviation, and a bias, if any, of zeros.
[[nodiscard]] std::shared_ptr<Linear> normal_linear(std::int64_t out, std::int64_t in,
                                                    double deviation, bool bias = false);
/// The initialisation of PyTorch's Linear: weight and bias uniform in ±1/sqrt(in).
[[nodiscard]] std::shared_ptr<Linear> uniform_linear(std::int64_t out, std::int64_t in, bool bias);
/// Weight and bias 0: adaLN's initialisation, so that every block starts as the identity.
[[nodiscard]] std::shared_ptr<Linear> zero_linear(std::int64_t out, std::int64_t in);

/// Layer normalisation with a weight, and with a bias if asked for; ε = 1e-5.
struct LayerNorm : torch::nn::Module {
  explicit LayerNorm(std::int64_t size, bool with_bias = false);
  /// x [B, L, E] → [B, L, E].
  torch::Tensor operator()(const torch::Tensor& x) const;
  torch::Tensor weight, bias;  ///< [E]; [E] or undefined
};

}  // namespace millrace::trainer
