// Forward, backward and the sum over the ranks (gradient.h).
#include "trainer/gradient.h"

#include <algorithm>

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

torch::Tensor accumulate_gradient(Model& model, const Objective& objective, const GlobalBatch& batch, const Precision& precision,
                                  const LossScale& loss_scale, Ranks& ranks) {
  zero_gradients(model);
  const double weight = std::max(batch.weight, 1.0);  // a global batch without any target has gradient zero
  torch::Tensor total = torch::zeros({}, model.parameters().at(0).options().requires_grad(false));
  for (const MicroBatch& micro : batch.micro_batches) {
    const torch::Tensor part = loss_of(model, objective, micro.wide, precision, total.device(), weight);
    total += part.detach();
    loss_scale.scale(part).backward();
  }
  auto sums = gradients_of(model);
  sums.push_back(total);
  ranks.all_reduce_sum(sums, "the sum of the gradients");
  return total;
}

std::vector<torch::Tensor> gradients_of(const Model& model) {
  std::vector<torch::Tensor> gradients;
  for (const torch::Tensor& parameter : model.parameters()) gradients.push_back(parameter.grad());
  return gradients;
}

torch::Tensor joint_norm(const std::vector<torch::Tensor>& tensors) { return torch::stack(at::_foreach_norm(tensors)).norm(); }

torch::Tensor clipping_divisor(const torch::Tensor& norm, double largest) {
  return largest > 0 ? (norm / largest).clamp_min(1.0).to(torch::kFloat32) : torch::Tensor();
}

FinishedGradient finish_gradient(const Model& model, const torch::Tensor& loss, LossScale& loss_scale, double largest) {
  auto gradients = gradients_of(model);
  const torch::Tensor overflowed = loss_scale.unscale(gradients);
  const torch::Tensor norm = joint_norm(gradients);
  const torch::Tensor unusable = overflowed.ne(0).logical_or(torch::isfinite(loss + norm).logical_not());
  return {norm, clipping_divisor(norm, largest), overflowed, unusable.to(torch::kFloat32)};
}

}  // namespace millrace::trainer
