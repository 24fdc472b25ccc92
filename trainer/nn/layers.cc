// Initial values of matrices, and the norm (layers.h).
#include "trainer/nn/layers.h"

#include <cmath>
#include <utility>

#include "trainer/nn/fused.h"

namespace millrace::trainer {

Linear::Linear(torch::Tensor initial_weight, torch::Tensor initial_bias)
    : weight(register_parameter("weight", std::move(initial_weight))) {
  if (initial_bias.defined()) bias = register_parameter("bias", std::move(initial_bias));
}

std::shared_ptr<Linear> normal_linear(std::int64_t out, std::int64_t in, double deviation,
                                      bool bias) {
  return std::make_shared<Linear>(torch::empty({out, in}).normal_(0.0, deviation),
                                  bias ? torch::zeros({out}) : torch::Tensor());
}

std::shared_ptr<Linear> uniform_linear(std::int64_t out, std::int64_t in, bool bias) {
  const double reach = 1.0 / std::sqrt(static_cast<double>(in));
  auto weight = torch::empty({out, in}).uniform_(-reach, reach);
  return std::make_shared<Linear>(
      std::move(weight), bias ? torch::empty({out}).uniform_(-reach, reach) : torch::Tensor());
}

std::shared_ptr<Linear> zero_linear(std::int64_t out, std::int64_t in) {
  return std::make_shared<Linear>(torch::zeros({out, in}), torch::zeros({out}));
}

LayerNorm::LayerNorm(std::int64_t size, bool with_bias)
    : weight(register_parameter("weight", torch::ones({size}))) {
  if (with_bias) bias = register_parameter("bias", torch::zeros({size}));
}

torch::Tensor LayerNorm::operator()(const torch::Tensor& x) const {
  return layer_norm(x, weight.unsqueeze(0), bias.defined() ? bias.unsqueeze(0) : bias);
}

}  // namespace millrace::trainer
