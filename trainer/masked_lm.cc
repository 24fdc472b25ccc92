// Masked language model (BERT, arXiv 1810.04805), with x the corrupted tokens, y the targets, f the model's logits:
//
//     sum    = Σ_{i : y_i ≠ ignore_index} −ln softmax(f(x)_i)[y_i]        nats
//     weight = |{i : y_i ≠ ignore_index}|
//
// Only target positions are projected onto the vocabulary: each row of the head stands alone, so nothing changes but the time
// (a sixth of the head at 15 % masking). Test: tests/trainer/objective_test.cc against the closed form.
#include "trainer/masked_lm.h"

namespace millrace::trainer {
namespace {

torch::Tensor per_sample(const torch::Tensor& values, const torch::Tensor& rows, std::int64_t samples) {
  return torch::zeros({samples}, values.options()).index_add(0, rows, values);
}

class MaskedLm : public Objective {
 public:
  explicit MaskedLm(std::int64_t ignore_index) : ignore_index_(ignore_index) {}

  torch::Tensor weight(const WideBatch& batch) const override { return batch.at(proto::Role::kTarget).ne(ignore_index_).sum(1); }

  Loss loss(Model& model, const WideBatch& batch) const override {
    const auto& target = batch.at(proto::Role::kTarget);
    const auto y = target.flatten();
    const auto positions = y.ne(ignore_index_).nonzero().squeeze(1);
    const auto rows = positions.div(target.size(1), "floor");
    const auto wanted = y.index_select(0, positions);

    const auto hidden = model.encode(batch.at(proto::Role::kInput)).flatten(0, 1).index_select(0, positions);
    auto logits = model.project(hidden);
    if (logits.scalar_type() != torch::kFloat64) logits = logits.to(torch::kFloat32);
    const auto nats = at::cross_entropy_loss(logits, wanted, {}, at::Reduction::None);

    Loss loss{per_sample(nats, rows, batch.samples()), weight(batch), {}};
    if (!torch::GradMode::is_enabled())
      loss.metrics["accuracy"] = per_sample(logits.argmax(1).eq(wanted).to(torch::kFloat64), rows, batch.samples());
    return loss;
  }

 private:
  std::int64_t ignore_index_;
};

}  // namespace

std::unique_ptr<Objective> make_masked_lm(std::int64_t ignore_index) { return std::make_unique<MaskedLm>(ignore_index); }

}  // namespace millrace::trainer
