// Forward, backward and the sum over the ranks (gradient.h).
#include "trainer/training/gradient.h"

#include <algorithm>

namespace millrace::trainer {
namespace {

/// Chosen positions are filled up to a multiple of so many parts of all positions.
constexpr std::int64_t kParts = 16;

std::int64_t padded_count(const DeviceBatch& batch) {
  if (!batch.loss_positions().defined()) return 0;
  const std::int64_t part = (batch.at(proto::Role::kInput).numel() + kParts - 1) / kParts;
  return (std::max<std::int64_t>(batch.loss_positions().size(0), 1) + part - 1) / part * part;
}

}  // namespace

Gradient::Gradient(Model& model, const Objective& objective, const Precision& precision,
                   const LossScale& loss_scale, GraphFactory record)
    : model_(model),
      objective_(objective),
      precision_(precision),
      loss_scale_(loss_scale),
      record_(std::move(record)),
      weight_(torch::zeros({}, model.parameters().at(0).options().requires_grad(false))),
      loss_(torch::zeros_like(weight_)) {}

const torch::Tensor& Gradient::accumulate(const GlobalBatch& batch, ProcessGroup& ranks) {
  zero();
  // A global batch without any target has gradient zero.
  weight_.fill_(std::max(batch.weight, 1.0));
  for (const MicroBatch& micro : batch.micro_batches) {
    record_ ? add_recorded(micro.wide) : add(micro.wide);
  }
  auto sums = gradients_of(model_);
  sums.push_back(loss_);
  ranks.all_reduce_sum(sums, "the sum of the gradients");
  return loss_;
}

void Gradient::zero() {
  loss_.zero_();
  for (torch::Tensor& parameter : model_.parameters()) {
    if (!parameter.grad().defined()) {
      parameter.mutable_grad() = torch::empty_like(parameter, torch::requires_grad(false));
    }
  }
  at::_foreach_zero_(gradients_of(model_));
}

/// Autocast ends before backward, which follows the types that forward chose.
void Gradient::add(const DeviceBatch& batch) {
  torch::Tensor part;
  {
    const AutocastScope autocast(precision_, weight_.device());
    part = objective_.loss(model_, batch).sum.sum() / weight_;
  }
  loss_ += part.detach();
  loss_scale_.scale(part).backward();
}

void Gradient::add_recorded(const DeviceBatch& batch) {
  const std::pair key(batch.samples(), padded_count(batch));
  auto found = recorded_.find(key);
  if (found == recorded_.end()) {
    found = recorded_.emplace(key, Pass{batch.kept(key.second), record_()}).first;
  } else {
    found->second.batch.take(batch);
  }
  Pass& pass = found->second;  // which stays where it is
  pass.recording->run([this, &pass] { add(pass.batch); });
}

std::vector<torch::Tensor> gradients_of(const Model& model) {
  std::vector<torch::Tensor> gradients;
  for (const torch::Tensor& parameter : model.parameters()) gradients.push_back(parameter.grad());
  return gradients;
}

torch::Tensor joint_norm(const std::vector<torch::Tensor>& tensors) {
  return torch::stack(at::_foreach_norm(tensors)).norm();
}

torch::Tensor clipping_divisor(const torch::Tensor& norm, double largest) {
  return largest > 0 ? (norm / largest).clamp_min(1.0).to(torch::kFloat32) : torch::Tensor();
}

FinishedGradient finish_gradient(const Model& model, const torch::Tensor& loss,
                                 LossScale& loss_scale, double largest) {
  auto gradients = gradients_of(model);
  const torch::Tensor overflowed = loss_scale.unscale(gradients);
  const torch::Tensor norm = joint_norm(gradients);
  const torch::Tensor unusable =
      overflowed.ne(0).logical_or(torch::isfinite(loss + norm).logical_not());
  return {norm, clipping_divisor(norm, largest), overflowed, unusable.to(torch::kFloat32)};
}

}  // namespace millrace::trainer
