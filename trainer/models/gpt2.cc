// GPT-2 (Radford et al., 2019) with nanoGPT's parameter names and initialisation: learned
// positions, causal blocks, a last norm, and a head tied to the token embedding. Position i sees
// the tokens 0 … i, so the decoder keeps their keys and values.
//
// Test: tests/trainer/models/gpt2_test.cc.
#include "trainer/models/gpt2.h"

#include <torch/nn/modules/container/modulelist.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "trainer/nn/fused.h"
#include "trainer/nn/transformer_block.h"

namespace millrace::trainer {
namespace {

BlockShape block_shape(const Gpt2Shape& s) {
  return {.n_layer = s.n_layer,
          .n_head = s.n_head,
          .n_embd = s.n_embd,
          .dropout = s.dropout,
          .bias = s.bias,
          .causal = true};
}

/// A module for the sake of nanoGPT's parameter names: transformer.wte, .wpe, .h.0 …, .ln_f.
struct Trunk : torch::nn::Module {
  explicit Trunk(const Gpt2Shape& s)
      : drop(s.dropout),
        wte(register_module("wte", normal_linear(s.vocab_size, s.n_embd, kInitDeviation))),
        wpe(register_module("wpe", normal_linear(s.block_size, s.n_embd, kInitDeviation))) {
    torch::nn::ModuleList list;
    for (std::int64_t i = 0; i < s.n_layer; ++i) {
      blocks.push_back(std::make_shared<Block>(block_shape(s)));
      list->push_back(blocks.back());
    }
    register_module("h", list);
    ln_f = register_module("ln_f", std::make_shared<LayerNorm>(s.n_embd, s.bias));
  }

  /// Hidden states of tokens [B, n] at the positions from `position` on. `caches`, one for each
  /// block, hold the keys and values before it and get those of these tokens; null: there are none.
  torch::Tensor hidden(const torch::Tensor& tokens, std::int64_t position,
                       std::vector<KvCache>* caches) const {
    torch::Tensor x =
        at::embedding(wte->weight, tokens) + wpe->weight.narrow(0, position, tokens.size(1));
    x = dropout(x, is_training() ? drop : 0.0);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      x = (*blocks[i])(x, nullptr, caches == nullptr ? nullptr : &(*caches)[i]);
    }
    return (*ln_f)(x);
  }

  double drop;
  std::shared_ptr<Linear> wte, wpe;
  std::vector<std::shared_ptr<Block>> blocks;
  std::shared_ptr<LayerNorm> ln_f;
};

class CachedDecoder : public Decoder {
 public:
  CachedDecoder(std::shared_ptr<const Trunk> trunk, std::int64_t longest)
      : trunk_(std::move(trunk)), caches_(trunk_->blocks.size(), KvCache(longest)) {}

  torch::Tensor read(const torch::Tensor& tokens) override {
    const auto hidden = trunk_->hidden(tokens, length_, &caches_);
    length_ += tokens.size(1);
    return hidden;
  }

 private:
  std::shared_ptr<const Trunk> trunk_;
  std::vector<KvCache> caches_;  ///< by block
  std::int64_t length_ = 0;
};

class Gpt2 : public Model {
 public:
  explicit Gpt2(const Gpt2Shape& shape)
      : transformer_(register_module("transformer", std::make_shared<Trunk>(shape))) {}

  torch::Tensor encode(const NetworkInput& input) override {
    return transformer_->hidden(input.tokens, 0, nullptr);
  }

  torch::Tensor project(const torch::Tensor& hidden) override {
    return (*transformer_->wte)(hidden);
  }
  std::unique_ptr<Decoder> decoder(std::int64_t longest) override {
    return std::make_unique<CachedDecoder>(transformer_, longest);
  }

 private:
  std::shared_ptr<Trunk> transformer_;
};

void check(const Gpt2Shape& s) {
  if (s.vocab_size <= 0 || s.block_size <= 0 || s.n_layer <= 0 || s.n_head <= 0 ||
      s.n_embd % s.n_head != 0) {
    throw std::invalid_argument("model.n_embd = " + std::to_string(s.n_embd) +
                                " must be a multiple of n_head = " + std::to_string(s.n_head) +
                                ", and every size positive");
  }
}

}  // namespace

std::shared_ptr<Model> make_gpt2(const Gpt2Shape& shape) {
  check(shape);
  return std::make_shared<Gpt2>(shape);
}

ModelEntry gpt2_model() {
  const auto make = [](const config::ModelOptions& options, const proto::StreamMeta& meta) {
    return make_gpt2({.vocab_size = meta.vocab_size,
                      .block_size = longest_sequence(meta),
                      .n_layer = options.n_layer,
                      .n_head = options.n_head,
                      .n_embd = options.n_embd,
                      .dropout = options.dropout,
                      .bias = options.bias});
  };
  return {.name = "gpt2", .causal = true, .make = make};
}

}  // namespace millrace::trainer
