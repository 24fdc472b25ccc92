// Cascaded diffusion language models (docs/explanation/cascade.md): a stage's tokens are diffused
// behind those of the stage before, which stay clean:
//
//     f(x_t) = the last L positions of network(prefix ‖ x_t)
//     sum, weight: the inner objective's, with f as its network
//
// Test: tests/trainer/objectives/cascade_test.cc.
#include "trainer/objectives/cascade.h"

#include <utility>

#include "trainer/objectives/sedd.h"

namespace millrace::trainer {
namespace {

/// f: the network with the prefix in front of every input.
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

ObjectiveEntry cascade_objective() {
  ObjectiveEntry entry = sedd_objective();
  entry.name = "cascade";
  entry.providers = {"cascade"};
  entry.needs_mask = true;
  return entry;
}

}  // namespace millrace::trainer
