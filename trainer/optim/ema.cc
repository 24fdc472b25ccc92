// The moving average, and lending it to the model (ema.h).
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

void Ema::update(const torch::Tensor& share, const torch::Tensor& left_out) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor whole = left_out.defined() ? share * (1.0 - left_out) : share;
  const torch::Tensor of_step = whole.to(averages_.at(0).options());
  for (std::size_t i = 0; i < averages_.size(); ++i) averages_[i].lerp_(parameters_[i], of_step);
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
