// A masked language model with the focal loss (arXiv 1708.02002, equation 4): tokens that the
// network already predicts well count less. With x the corrupted tokens, y the targets, γ = 2 and
// p_i = softmax(f(x)_i)[y_i]:
//
//     sum    = Σ_{i : y_i ≠ ignore_index} −(1 − p_i)^γ ln p_i        nats
//     weight = |{i : y_i ≠ ignore_index}|
//
// Test: tests/trainer/examples/examples_test.cc.
#include "tests/trainer/examples/focal_lm.h"

namespace millrace::trainer {
namespace {

constexpr double kGamma = 2.0;

class FocalLm : public Objective {
 public:
  explicit FocalLm(std::int64_t ignore_index) : ignore_index_(ignore_index) {}

  torch::Tensor weight(const DeviceBatch& batch) const override {
    return batch.at(proto::Role::kTarget).ne(ignore_index_).sum(1);
  }

  Loss loss(Network& network, const DeviceBatch& batch) const override {
    const auto& y = batch.at(proto::Role::kTarget);
    const auto f = logits(network, batch);
    const auto nats = at::cross_entropy_loss(f.flatten(0, 1), y.flatten(), {}, at::Reduction::None,
                                             ignore_index_)
                          .view_as(y);  // 0 where there is no target
    const auto focus = torch::pow(1.0 - torch::exp(-nats), kGamma);
    Loss loss{(focus * nats).sum(1), weight(batch), {}};
    if (!torch::GradMode::is_enabled()) {
      loss.metrics["accuracy"] = f.argmax(2).eq(y).sum(1).to(torch::kFloat64);
    }
    return loss;
  }

 private:
  std::int64_t ignore_index_;
};

}  // namespace

std::unique_ptr<Objective> make_focal_lm(std::int64_t ignore_index) {
  return std::make_unique<FocalLm>(ignore_index);
}

ObjectiveEntry focal_lm_objective() {
  return {.name = "focal_lm",
          .fields = {kInputTokens, kTargetTokens},
          .providers = {"char_diffusion"},
          .prediction = Prediction::kMaskedToken,
          .likelihood = Likelihood::kNone,
          .make = [](const config::Options&, const proto::StreamMeta& meta) {
            return make_focal_lm(meta.ignore_index);
          }};
}

}  // namespace millrace::trainer
