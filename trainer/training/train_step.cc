// One training step from top to bottom (train_step.h): seed dropout; learning rate; zero the
// gradient; forward and backward of each micro-batch; sum over the ranks; unscale and clip;
// optimizer; moving average; numbers to the host.
#include "trainer/training/train_step.h"

#include <algorithm>
#include <cmath>

#include "trainer/base/seeds.h"
#include "trainer/models/models.h"
#include "trainer/objectives/objectives.h"
#include "trainer/optim/learning_rate.h"

namespace millrace::trainer {

PendingStep TrainStep::run(const GlobalBatch& batch, std::uint64_t completed, std::uint64_t seed) {
  torch::manual_seed(dropout_seed(seed, completed, ranks_.rank()));
  const double rate = learning_rate(train_, completed);
  learning_rate_.fill_(rate);
  if (ema_) ema_weight_.fill_(ema_->update_weight(completed + 1));

  compute_gradient(batch);
  runner_.run([this] { update_parameters(); });

  return {rate, DeviceScalars{loss_, grad_norm_, overflowed_}};
}

const torch::Tensor& TrainStep::compute_gradient(const GlobalBatch& batch) {
  zero_gradient();
  // At least 1: a global batch without any target has gradient zero.
  total_weight_.fill_(std::max(batch.weight, 1.0));
  for (const MicroBatch& micro : batch.micro_batches) {
    runner_.run(micro.wide, [this](const DeviceBatch& inputs) { forward_backward(inputs); });
  }
  auto sums = gradients_of(*model_);
  sums.push_back(loss_);
  ranks_.all_reduce_sum(sums, "the sum of the gradients");
  return loss_;
}

/// Autocast ends before backward, which follows the types that forward chose.
void TrainStep::forward_backward(const DeviceBatch& batch) {
  torch::Tensor loss;
  {
    const AutocastScope autocast(precision_, loss_.device());
    loss = objective_->loss(*model_, batch).sum.sum() / total_weight_;
  }
  loss_ += loss.detach();
  loss_scale_.scale(loss).backward();
}

/// Clipping and skipping are done by the optimizer's kernel.
void TrainStep::update_parameters() {
  const UnscaledGradient gradient = unscale_gradient(*model_, loss_, loss_scale_, train_.grad_clip);
  optimizer_.step(learning_rate_, gradient.clip_divisor, gradient.skip);
  if (ema_) ema_->update(ema_weight_, gradient.skip);
  grad_norm_.copy_(gradient.norm);
  overflowed_.copy_(gradient.overflowed);
}

void TrainStep::zero_gradient() {
  loss_.zero_();
  for (torch::Tensor& parameter : model_->parameters()) {
    if (!parameter.grad().defined()) {
      parameter.mutable_grad() = torch::empty_like(parameter, torch::requires_grad(false));
    }
  }
  at::_foreach_zero_(gradients_of(*model_));
}

UnscaledGradient unscale_gradient(const Model& model, const torch::Tensor& loss,
                                  LossScale& loss_scale, double max_norm) {
  auto gradients = gradients_of(model);
  const torch::Tensor overflowed = loss_scale.unscale(gradients);
  const torch::Tensor norm = joint_norm(gradients);
  const torch::Tensor skip =
      overflowed.ne(0).logical_or(torch::isfinite(loss + norm).logical_not());
  return {norm, clip_divisor(norm, max_norm), overflowed, skip.to(torch::kFloat32)};
}

torch::Tensor clip_divisor(const torch::Tensor& norm, double max_norm) {
  return max_norm > 0 ? (norm / max_norm).clamp_min(1.0).to(torch::kFloat32) : torch::Tensor();
}

torch::Tensor joint_norm(const std::vector<torch::Tensor>& tensors) {
  return torch::stack(at::_foreach_norm(tensors)).norm();
}

std::vector<torch::Tensor> gradients_of(const Model& model) {
  std::vector<torch::Tensor> gradients;
  for (const torch::Tensor& parameter : model.parameters()) gradients.push_back(parameter.grad());
  return gradients;
}

StepNumbers PendingStep::numbers() const {
  const auto values = scalars_.get();
  return {.learning_rate = learning_rate_,
          .loss = values.at(0),
          .grad_norm = values.at(1),
          .overflowed = values.at(2) != 0.0};
}

bool StepNumbers::non_finite() const {
  return !std::isfinite(loss) || (!overflowed && !std::isfinite(grad_norm));
}

void TrainStep::broadcast_parameters() {
  // NCCL's operations wait no longer than their timeout, though rank 0 may load a checkpoint.
  ranks_.barrier("sharing the parameters");
  for (const auto& named :
       {parameters_of(*model_), optimizer_.state(), ema_ ? ema_->state() : NamedTensors()}) {
    std::vector<torch::Tensor> tensors;
    for (const auto& [name, tensor] : named) tensors.push_back(tensor.detach());
    ranks_.broadcast(tensors, "sharing the parameters");
  }
}

namespace {

std::shared_ptr<Model> initial_model(const config::Options& options, const proto::StreamMeta& meta,
                                     torch::Device device, const Precision& precision) {
  torch::manual_seed(init_seed(options.train.seed));
  auto model = make_model(options.model, meta);
  model->to(device, precision.parameters());
  return model;
}

AdamWOptions adamw_options(const config::TrainOptions& train) {
  return {.beta1 = train.beta1,
          .beta2 = train.beta2,
          .weight_decay = train.weight_decay,
          .decoupled = train.optimizer == "adamw"};
}

std::optional<Ema> initial_ema(const Model& model, const config::TrainOptions& train) {
  if (train.ema == 0) return std::nullopt;
  return Ema(parameters_of(model), train.ema);
}

torch::Tensor scalar(torch::ScalarType type, torch::Device device) {
  return torch::zeros({}, torch::dtype(type).device(device));
}

}  // namespace

TrainStep::TrainStep(const config::Options& options, const proto::StreamMeta& meta,
                     torch::Device device, const Precision& precision, ProcessGroup& ranks,
                     GraphFactory make_graph)
    : train_(options.train),
      ranks_(ranks),
      precision_(precision),
      model_(initial_model(options, meta, device, precision)),
      objective_(make_objective(options, meta)),
      optimizer_(parameters_of(*model_), adamw_options(options.train)),
      ema_(initial_ema(*model_, options.train)),
      loss_scale_(precision, device),
      runner_(std::move(make_graph)),
      learning_rate_(scalar(device.is_cpu() ? torch::kFloat64 : torch::kFloat32, device)),
      ema_weight_(torch::zeros_like(learning_rate_)),
      total_weight_(scalar(precision.parameters(), device)),
      loss_(torch::zeros_like(total_weight_)),
      grad_norm_(torch::zeros_like(total_weight_)),
      overflowed_(scalar(torch::kFloat32, device)) {}

}  // namespace millrace::trainer
