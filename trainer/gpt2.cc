// GPT-2 (Radford et al., 2019) with nanoGPT's names and initialisation: learned positions, causal blocks, a last norm, and a head
// tied to the token embedding. Position i sees the tokens 0 … i. Test: tests/trainer/gpt2_test.cc.
#include "trainer/gpt2.h"

#include <stdexcept>
#include <string>
#include <vector>

#include "trainer/transformer_block.h"

namespace millrace::trainer {
namespace {

BlockShape block_shape(const Gpt2Shape& s) {
  return {.n_layer = s.n_layer, .n_head = s.n_head, .n_embd = s.n_embd, .dropout = s.dropout, .bias = s.bias, .causal = true};
}

/// Only gives the parameters nanoGPT's names: transformer.wte, .wpe, .h.0 …, .ln_f.
struct Trunk : torch::nn::Module {
  explicit Trunk(const Gpt2Shape& s)
      : wte(register_module("wte", normal_matrix(s.vocab_size, s.n_embd, kInitDeviation))),
        wpe(register_module("wpe", normal_matrix(s.block_size, s.n_embd, kInitDeviation))) {
    torch::nn::ModuleList list;
    for (std::int64_t i = 0; i < s.n_layer; ++i) {
      blocks.push_back(std::make_shared<Block>(block_shape(s)));
      list->push_back(blocks.back());
    }
    register_module("h", list);
    ln_f = register_module("ln_f", std::make_shared<Norm>(s.n_embd, s.bias));
  }

  std::shared_ptr<Matrix> wte, wpe;
  std::vector<std::shared_ptr<Block>> blocks;
  std::shared_ptr<Norm> ln_f;
};

class Gpt2 : public Model {
 public:
  explicit Gpt2(const Gpt2Shape& shape)
      : dropout_(shape.dropout), transformer_(register_module("transformer", std::make_shared<Trunk>(shape))) {}

  torch::Tensor encode(const NetworkInput& input) override {
    const auto positions = transformer_->wpe->weight.narrow(0, 0, input.tokens.size(1));
    torch::Tensor x = at::embedding(transformer_->wte->weight, input.tokens) + positions;
    x = at::dropout(x, dropout_, is_training());
    for (const auto& block : transformer_->blocks) x = (*block)(x, nullptr);
    return (*transformer_->ln_f)(x);
  }

  torch::Tensor project(const torch::Tensor& hidden) override { return (*transformer_->wte)(hidden); }

 private:
  double dropout_;
  std::shared_ptr<Trunk> transformer_;
};

void check(const Gpt2Shape& s) {
  if (s.vocab_size <= 0 || s.block_size <= 0 || s.n_layer <= 0 || s.n_head <= 0 || s.n_embd % s.n_head != 0)
    throw std::invalid_argument("model.n_embd = " + std::to_string(s.n_embd) +
                                " must be a multiple of n_head = " + std::to_string(s.n_head) + ", and every size positive");
}

}  // namespace

std::shared_ptr<Model> make_gpt2(const Gpt2Shape& shape) {
  check(shape);
  return std::make_shared<Gpt2>(shape);
}

}  // namespace millrace::trainer
