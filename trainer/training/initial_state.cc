// A recipe's model, optimizer and average as they begin (initial_state.h).
#include "trainer/training/initial_state.h"

#include "trainer/base/seeds.h"
#include "trainer/models/models.h"
#include "trainer/training/gradient.h"

namespace millrace::trainer {

std::shared_ptr<Model> initial_model(const config::Options& options, const proto::StreamMeta& meta,
                                     torch::Device device, const Precision& precision) {
  torch::manual_seed(init_seed(options.train.seed));
  auto model = make_model(options.model, meta);
  model->to(device, precision.parameters());
  return model;
}

AdamWSettings adamw_settings(const config::TrainOptions& train) {
  return {.beta1 = train.beta1,
          .beta2 = train.beta2,
          .weight_decay = train.weight_decay,
          .decoupled = train.optimizer == "adamw"};
}

std::optional<Ema> initial_ema(const Model& model, const config::TrainOptions& train) {
  if (train.ema == 0) return std::nullopt;
  return Ema(parameters_of(model), train.ema);
}

}  // namespace millrace::trainer
