// The chain rule (GPT-2: Radford et al., 2019): with x the tokens, y_i = x_{i+1} the targets and f
// the logits of a causal network,
//
//     sum    = Σ_i −ln softmax(f(x_1 … x_i))[y_i]        nats: −ln p(text) itself, no bound
//     weight = the number of targets
//
// Test: tests/trainer/objectives/autoregressive_test.cc.
#include "trainer/objectives/autoregressive.h"

#include "trainer/objectives/logits.h"

namespace millrace::trainer {
namespace {

class Autoregressive : public Objective {
 public:
  explicit Autoregressive(std::int64_t ignore_index) : ignore_index_(ignore_index) {}

  torch::Tensor weight(const DeviceBatch& batch) const override {
    return batch.at(proto::Role::kTarget).ne(ignore_index_).sum(1);
  }

  Loss loss(Network& network, const DeviceBatch& batch) const override {
    const auto& y = batch.at(proto::Role::kTarget);
    const auto next = logits(network, batch);
    const auto nats = at::cross_entropy_loss(next.flatten(0, 1), y.flatten(), {},
                                             at::Reduction::None, ignore_index_)
                          .view_as(y);
    Loss loss{nats.sum(1), weight(batch), {}};
    if (!torch::GradMode::is_enabled()) {
      loss.metrics["accuracy"] = next.argmax(2).eq(y).sum(1).to(torch::kFloat64);
    }
    return loss;
  }

 private:
  std::int64_t ignore_index_;
};

}  // namespace

std::unique_ptr<Objective> make_autoregressive(std::int64_t ignore_index) {
  return std::make_unique<Autoregressive>(ignore_index);
}

ObjectiveEntry autoregressive_objective() {
  return {.name = "ar",
          .fields = {kInputTokens, kTargetTokens},
          .providers = {"tokens"},
          .prediction = Prediction::kNextToken,
          .likelihood = Likelihood::kExact,
          .make = [](const config::Options&, const proto::StreamMeta& meta) {
            return make_autoregressive(meta.ignore_index);
          }};
}

}  // namespace millrace::trainer
