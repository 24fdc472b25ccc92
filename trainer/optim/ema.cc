// The moving average of the parameters (ema.h).
#include "trainer/optim/ema.h"

#include <algorithm>

namespace millrace::trainer {

double ema_decay(double decay, std::uint64_t n) {
  const auto count = static_cast<double>(n);
  return std::min(decay, (1.0 + count) / (10.0 + count));
}

Ema::Ema(const NamedTensors& parameters, double decay) : decay_(decay) {
  for (const auto& [name, parameter] : parameters) {
    parameters_.push_back(parameter);
    averages_.push_back(parameter.detach().clone());
    state_.emplace_back(name, averages_.back());
  }
}

void Ema::update(const torch::Tensor& weight, const torch::Tensor& skip) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor used =
      (skip.defined() ? weight * (1.0 - skip) : weight).to(averages_.at(0).options());
  for (std::size_t i = 0; i < averages_.size(); ++i) averages_[i].lerp_(parameters_[i], used);
}

EmaWeights::EmaWeights(const Model& model, const Ema& ema) : parameters_(model.parameters()) {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    trained_.push_back(parameters_[i].detach());
    parameters_[i].set_data(ema.state()[i].second);
  }
}

EmaWeights::~EmaWeights() {
  for (std::size_t i = 0; i < parameters_.size(); ++i) parameters_[i].set_data(trained_[i]);
}

}  // namespace millrace::trainer
