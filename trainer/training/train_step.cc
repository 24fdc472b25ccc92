// A step from a global batch to the parameters (train_step.h).
#include "trainer/training/train_step.h"

#include <cmath>

#include "trainer/base/seeds.h"
#include "trainer/objectives/objectives.h"
#include "trainer/optim/learning_rate.h"
#include "trainer/training/initial_state.h"

namespace millrace::trainer {

bool StepNumbers::bad() const {
  return !std::isfinite(loss) || (!overflowed && !std::isfinite(grad_norm));
}

StepNumbers TakenStep::numbers() const {
  const auto values = numbers_.get();
  return {.loss = values.at(0), .grad_norm = values.at(1), .overflowed = values.at(2) != 0.0};
}

Learner::Learner(const config::Options& options, const proto::StreamMeta& meta,
                 torch::Device device, const Precision& precision, ProcessGroup& ranks,
                 const GraphFactory& record)
    : train_(options.train),
      ranks_(ranks),
      model_(initial_model(options, meta, device, precision)),
      objective_(make_objective(options, meta)),
      optimizer_(parameters_of(*model_), adamw_settings(options.train)),
      ema_(initial_ema(*model_, options.train)),
      loss_scale_(precision, device),
      gradient_(*model_, *objective_, precision, loss_scale_, record),
      update_(record ? record() : nullptr),
      rate_(torch::zeros(
          {}, torch::dtype(device.is_cpu() ? torch::kFloat64 : torch::kFloat32).device(device))),
      share_(torch::zeros_like(rate_)),
      norm_(torch::zeros({}, torch::dtype(precision.parameters()).device(device))),
      overflowed_(torch::zeros({}, torch::dtype(torch::kFloat32).device(device))) {}

TakenStep Learner::step(const GlobalBatch& batch, std::uint64_t completed, std::uint64_t seed) {
  torch::manual_seed(dropout_seed(seed, completed, ranks_.rank()));
  rate_.fill_(learning_rate(train_, completed));
  if (ema_) share_.fill_(ema_->update_weight(completed + 1));
  loss_ = gradient_.accumulate(batch, ranks_);
  update_ ? update_->run([this] { update(); }) : update();
  return TakenStep(DeviceScalars{loss_, norm_, overflowed_});
}

/// Reads and writes tensors that stay where they are.
void Learner::update() {
  const FinishedGradient gradient = finish_gradient(*model_, loss_, loss_scale_, train_.grad_clip);
  optimizer_.step(rate_, gradient.divisor, gradient.left_out);
  if (ema_) ema_->update(share_, gradient.left_out);
  norm_.copy_(gradient.norm);
  overflowed_.copy_(gradient.overflowed);
}

void Learner::share() {
  for (const auto& named :
       {parameters_of(*model_), optimizer_.state(), ema_ ? ema_->state() : NamedTensors()}) {
    std::vector<torch::Tensor> tensors;
    for (const auto& [name, tensor] : named) tensors.push_back(tensor.detach());
    ranks_.broadcast(tensors, "sharing the parameters");
  }
}

}  // namespace millrace::trainer
