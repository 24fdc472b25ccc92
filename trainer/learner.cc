// A step from a global batch to the parameters (learner.h).
#include "trainer/learner.h"

#include <cmath>

#include "trainer/gradient.h"
#include "trainer/initial_state.h"
#include "trainer/learning_rate.h"
#include "trainer/objectives.h"
#include "trainer/seeds.h"

namespace millrace::trainer {

bool StepNumbers::bad() const { return !std::isfinite(loss) || (!overflowed && !std::isfinite(grad_norm)); }

StepNumbers TakenStep::numbers() const {
  const auto values = numbers_.get();
  return {.loss = values.at(0), .grad_norm = values.at(1), .overflowed = values.at(2) != 0.0};
}

Learner::Learner(const config::Options& options, const proto::StreamMeta& meta, torch::Device device, const Precision& precision,
                 Ranks& ranks)
    : train_(options.train),
      precision_(precision),
      ranks_(ranks),
      model_(initial_model(options, meta, device, precision)),
      objective_(make_objective(options, meta)),
      optimizer_(parameters_of(*model_), adamw_settings(options.train)),
      ema_(initial_ema(*model_, options.train)),
      loss_scale_(precision, device) {}

TakenStep Learner::step(const GlobalBatch& batch, std::uint64_t completed, std::uint64_t seed) {
  torch::manual_seed(dropout_seed(seed, completed, ranks_.rank()));
  const torch::Tensor loss = accumulate_gradient(*model_, *objective_, batch, precision_, loss_scale_, ranks_);
  const FinishedGradient gradient = finish_gradient(*model_, loss, loss_scale_, train_.grad_clip);
  optimizer_.step(learning_rate(train_, completed), gradient.divisor, gradient.left_out);
  if (ema_) ema_->update(completed + 1, gradient.left_out);
  return TakenStep(Awaited{loss, gradient.norm, gradient.overflowed});
}

void Learner::share() {
  for (const auto& named : {parameters_of(*model_), optimizer_.state(), ema_ ? ema_->state() : NamedTensors()}) {
    std::vector<torch::Tensor> tensors;
    for (const auto& [name, tensor] : named) tensors.push_back(tensor.detach());
    ranks_.broadcast(tensors, "sharing the parameters");
  }
}

}  // namespace millrace::trainer
