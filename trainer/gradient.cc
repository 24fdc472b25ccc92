// Forward, backward and the sum over the ranks (gradient.h).
#include "trainer/gradient.h"

#include <algorithm>
#include <cmath>

namespace millrace::trainer {
namespace {

void zero_gradients(const Model& model) {
  for (torch::Tensor& parameter : model.parameters()) {
    if (parameter.grad().defined())
      parameter.mutable_grad().zero_();
    else
      parameter.mutable_grad() = torch::zeros_like(parameter, torch::requires_grad(false));
  }
}

/// The micro-batch's part of the loss. Autocast ends here: backward follows the types that forward chose.
torch::Tensor loss_of(Model& model, const Objective& objective, const WideBatch& batch, const Precision& precision,
                      torch::Device device, double weight) {
  const AutocastScope autocast(precision, device);
  return objective.loss(model, batch).sum.sum() / weight;
}

}  // namespace

NamedTensors parameters_of(const Model& model) {
  NamedTensors named;
  for (const auto& item : model.named_parameters()) named.emplace_back(item.key(), item.value());
  return named;
}

double accumulate_gradient(Model& model, const Objective& objective, const GlobalBatch& batch, const Precision& precision,
                           double loss_scale, Ranks& ranks) {
  zero_gradients(model);
  const double weight = std::max(batch.weight, 1.0);  // a global batch without any target has gradient zero
  torch::Tensor total = torch::zeros({}, model.parameters().at(0).options().requires_grad(false));
  for (const MicroBatch& micro : batch.micro_batches) {
    const torch::Tensor part = loss_of(model, objective, micro.wide, precision, total.device(), weight);
    total += part.detach();
    (part * loss_scale).backward();
  }
  auto sums = gradients_of(model);
  sums.push_back(total);
  ranks.all_reduce_sum(sums, "the sum of the gradients");
  return total.item<double>();
}

std::vector<torch::Tensor> gradients_of(const Model& model) {
  std::vector<torch::Tensor> gradients;
  for (const torch::Tensor& parameter : model.parameters()) gradients.push_back(parameter.grad());
  return gradients;
}

double clip(std::vector<torch::Tensor>& gradients, double largest) {
  const double norm = torch::stack(at::_foreach_norm(gradients)).norm().item<double>();
  if (largest > 0 && std::isfinite(norm) && norm > largest) at::_foreach_mul_(gradients, largest / norm);
  return norm;
}

FinishedGradient finish_gradient(const Model& model, LossScale& loss_scale, double largest) {
  auto gradients = gradients_of(model);
  const bool usable = loss_scale.unscale(gradients);
  return {clip(gradients, largest), usable};
}

}  // namespace millrace::trainer
