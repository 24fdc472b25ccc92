// GPT-2's block without causal mask and without biases, LayerNorm with a weight only, rotary
// positions on queries and keys, GELU, a head tied to the token embedding. Parameter names and
// initialisation are nanoGPT's: normal with standard deviation 0.02, and 0.02/sqrt(2 · n_layer)
// where a block writes into the residual stream.
//
// With time conditioning a vector is added to every token's embedding: a linear map, zero at first,
// of the time embedding (as in DDPM, arXiv 2006.11239, appendix B).
//
// Test: tests/trainer/models/bidirectional_transformer_test.cc.
#include "trainer/models/bidirectional_transformer.h"

#include <torch/nn/modules/container/modulelist.h>

#include <stdexcept>
#include <string>

#include "trainer/nn/fused.h"
#include "trainer/nn/time_embedding.h"
#include "trainer/nn/transformer_block.h"

namespace millrace::trainer {
namespace {

BlockShape block_shape(const TransformerShape& s) {
  return {.n_layer = s.n_layer, .n_head = s.n_head, .n_embd = s.n_embd, .dropout = s.dropout};
}

/// A module for the sake of nanoGPT's parameter names: transformer.wte, .h.0 …, .ln_f.
struct Trunk : torch::nn::Module {
  explicit Trunk(const TransformerShape& s)
      : wte(register_module("wte", normal_linear(s.vocab_size, s.n_embd, kInitDeviation))) {
    torch::nn::ModuleList list;
    for (std::int64_t i = 0; i < s.n_layer; ++i) {
      blocks.push_back(std::make_shared<Block>(block_shape(s)));
      list->push_back(blocks.back());
    }
    register_module("h", list);
    ln_f = register_module("ln_f", std::make_shared<LayerNorm>(s.n_embd));
  }

  std::shared_ptr<Linear> wte;
  std::vector<std::shared_ptr<Block>> blocks;
  std::shared_ptr<LayerNorm> ln_f;
};

class BidirectionalTransformer : public Model {
 public:
  explicit BidirectionalTransformer(const TransformerShape& shape)
      : dropout_(shape.dropout),
        rotary_(shape.block_size, shape.n_embd / shape.n_head),
        transformer_(register_module("transformer", std::make_shared<Trunk>(shape))) {
    // The same tensors under a name, so that they move to a device with the model.
    register_buffer("rotary_cos", rotary_.cos);
    register_buffer("rotary_sin", rotary_.sin);
    if (shape.cond_dim == 0) return;
    sigma_map_ = register_module("sigma_map", std::make_shared<TimeEmbedding>(shape.cond_dim));
    time_proj_ = register_module("time_proj", zero_linear(shape.n_embd, shape.cond_dim));
  }

  torch::Tensor encode(const NetworkInput& input) override {
    torch::Tensor x = at::embedding(transformer_->wte->weight, input.tokens);
    if (sigma_map_ && input.time.defined()) {
      x = x + (*time_proj_)((*sigma_map_)(input.time)).unsqueeze(1);
    }
    x = dropout(x, is_training() ? dropout_ : 0.0);
    for (const auto& block : transformer_->blocks) x = (*block)(x, &rotary_);
    return (*transformer_->ln_f)(x);
  }

  torch::Tensor project(const torch::Tensor& hidden) override {
    return (*transformer_->wte)(hidden);
  }

 private:
  double dropout_;
  Rotary rotary_;
  std::shared_ptr<Trunk> transformer_;
  std::shared_ptr<TimeEmbedding> sigma_map_;  ///< null: the time is ignored
  std::shared_ptr<Linear> time_proj_;
};

void check(const TransformerShape& s) {
  if (s.vocab_size <= 0 || s.block_size <= 0 || s.n_layer <= 0 || s.n_head <= 0 ||
      s.n_embd % (2 * s.n_head) != 0) {
    throw std::invalid_argument("model.n_embd = " + std::to_string(s.n_embd) +
                                " must be a multiple of 2 · n_head = " +
                                std::to_string(2 * s.n_head) + ", and every size positive");
  }
}

}  // namespace

std::shared_ptr<Model> make_bidirectional_transformer(const TransformerShape& shape) {
  check(shape);
  return std::make_shared<BidirectionalTransformer>(shape);
}

ModelEntry bidirectional_model() {
  const auto make = [](const config::ModelOptions& options, const proto::StreamMeta& meta) {
    const bool timed = options.time_conditioning && meta.schema.find(proto::Role::kTime) >= 0;
    return make_bidirectional_transformer({.vocab_size = meta.vocab_size,
                                           .block_size = longest_sequence(meta),
                                           .n_layer = options.n_layer,
                                           .n_head = options.n_head,
                                           .n_embd = options.n_embd,
                                           .dropout = options.dropout,
                                           .cond_dim = timed ? options.cond_dim : 0});
  };
  return {.name = "bidirectional", .make = make};
}

}  // namespace millrace::trainer
