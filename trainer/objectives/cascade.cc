// The cascade (cascaded diffusion language models): a stage's tokens are diffused behind those of
// the stage before, which stay clean:
//
//     f(x_t) = network(prefix ‖ x_t), its last L positions;  sum, weight: the inner objective's with this f
//
// Test: tests/trainer/objectives/cascade_test.cc.
#include "trainer/objectives/cascade.h"

#include <utility>

namespace millrace::trainer {
namespace {

/// The network as the inner objective sees it.
class Prefixed : public Network {
 public:
  Prefixed(Network& network, torch::Tensor prefix)
      : network_(network), prefix_(std::move(prefix)) {}

  torch::Tensor encode(const NetworkInput& input) override {
    const auto hidden = network_.encode({at::cat({prefix_, input.tokens}, 1), input.time});
    return hidden.narrow(1, prefix_.size(1), input.tokens.size(1));
  }
  torch::Tensor project(const torch::Tensor& hidden) override { return network_.project(hidden); }

 private:
  Network& network_;
  torch::Tensor prefix_;
};

class Cascade : public Objective {
 public:
  explicit Cascade(std::unique_ptr<Objective> inner) : inner_(std::move(inner)) {}

  torch::Tensor weight(const DeviceBatch& batch) const override { return inner_->weight(batch); }

  torch::Tensor loss_positions(const DeviceBatch& batch) const override {
    return inner_->loss_positions(batch);
  }

  NetworkInput input(const DeviceBatch& batch) const override { return inner_->input(batch); }

  torch::Tensor logits(Network& network, const DeviceBatch& batch) const override {
    Prefixed prefixed(network, batch.at(proto::Role::kPrefix));
    return inner_->logits(prefixed, batch);
  }

  Loss loss(Network& network, const DeviceBatch& batch) const override {
    Prefixed prefixed(network, batch.at(proto::Role::kPrefix));
    return inner_->loss(prefixed, batch);
  }

 private:
  std::unique_ptr<Objective> inner_;
};

}  // namespace

std::unique_ptr<Objective> make_cascade(std::unique_ptr<Objective> inner) {
  return std::make_unique<Cascade>(std::move(inner));
}

}  // namespace millrace::trainer
