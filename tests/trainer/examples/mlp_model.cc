// A residual MLP at each position, which sees the token and its position and no other token: a
// baseline that shows the worth of attention. With E and P the embeddings of tokens and positions:
//
//     x = E[token] + P;  x ← x + W₂ gelu(W₁ norm(x)), n_layer times;  logits = Eᵀ x
//
// Test: tests/trainer/examples/examples_test.cc.
#include "tests/trainer/examples/mlp_model.h"

#include <string>
#include <vector>

#include "trainer/nn/fused_mlp.h"
#include "trainer/nn/layers.h"

namespace millrace::trainer {
namespace {

constexpr double kDeviation = 0.02;
constexpr std::int64_t kMlpFactor = 4;

struct MlpBlock : torch::nn::Module {
  explicit MlpBlock(std::int64_t width)
      : norm(register_module("norm", std::make_shared<LayerNorm>(width))),
        first(register_module("first", normal_linear(kMlpFactor * width, width, kDeviation))),
        second(register_module("second", normal_linear(width, kMlpFactor * width, kDeviation))) {}

  torch::Tensor operator()(const torch::Tensor& x) const {
    return x + mlp((*norm)(x), *first, *second, GeluKind::kExact);
  }

  std::shared_ptr<LayerNorm> norm;
  std::shared_ptr<Linear> first, second;
};

class MlpModel : public Model {
 public:
  explicit MlpModel(const MlpModelShape& s)
      : tokens_(register_module("tokens", normal_linear(s.vocab_size, s.n_embd, kDeviation))),
        positions_(
            register_module("positions", normal_linear(s.block_size, s.n_embd, kDeviation))) {
    for (std::int64_t i = 0; i < s.n_layer; ++i) {
      blocks_.push_back(
          register_module("block_" + std::to_string(i), std::make_shared<MlpBlock>(s.n_embd)));
    }
  }

  torch::Tensor encode(const NetworkInput& input) override {
    torch::Tensor x = at::embedding(tokens_->weight, input.tokens) +
                      positions_->weight.narrow(0, 0, input.tokens.size(1));
    for (const auto& block : blocks_) x = (*block)(x);
    return x;
  }

  torch::Tensor project(const torch::Tensor& hidden) override { return (*tokens_)(hidden); }

 private:
  std::shared_ptr<Linear> tokens_, positions_;
  std::vector<std::shared_ptr<MlpBlock>> blocks_;
};

}  // namespace

std::shared_ptr<Model> make_mlp_model(const MlpModelShape& shape) {
  return std::make_shared<MlpModel>(shape);
}

ModelEntry mlp_model() {
  return {.name = "mlp",
          .causal = true,
          .make = [](const config::ModelOptions& options, const proto::StreamMeta& meta) {
            return make_mlp_model({.vocab_size = meta.vocab_size,
                                   .block_size = longest_sequence(meta),
                                   .n_layer = options.n_layer,
                                   .n_embd = options.n_embd});
          }};
}

}  // namespace millrace::trainer
