// The DiT of SEDD (arXiv 2310.16834, appendix C.2; DiT: arXiv 2212.09748), with SEDD's parameter
// names and shapes, so that the weights of sedd-small fit: token embedding; c = the time embedding;
// blocks with rotary positions, no biases in attention, GELU by tanh; an untied head. adaLN-zero
// modulates each LayerNorm by shift a and scale b, and gates each residual by g:
//
//     (a1, b1, g1, a2, b2, g2) = W c        W is 0 at first, so that every block is the identity
//     x ← x + g1 · attention(norm(x) · (1 + b1) + a1)
//     x ← x + g2 · MLP(norm(x) · (1 + b2) + a2)
//     hidden = norm(x) · (1 + b) + a with (a, b) = W' c;  logits = linear(hidden), 0 at first
//
// Test: tests/trainer/models/dit_test.cc.
#include "trainer/models/dit.h"

#include <torch/nn/modules/container/modulelist.h>

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "trainer/nn/attention.h"
#include "trainer/nn/fused.h"
#include "trainer/nn/fused_mlp.h"
#include "trainer/nn/time_embedding.h"

namespace millrace::trainer {
namespace {

constexpr std::int64_t kMlpFactor = 4;
constexpr std::int64_t kBlockModulations = 6;
constexpr std::int64_t kOutputModulations = 2;

struct Vocabulary : torch::nn::Module {
  Vocabulary(std::int64_t tokens, std::int64_t width) {
    const double reach = 1.0 / std::sqrt(static_cast<double>(width));
    embedding =
        register_parameter("embedding", torch::empty({tokens, width}).uniform_(-reach, reach));
  }
  torch::Tensor embedding;
};

/// Rotary positions. SEDD's checkpoints name `inv_freq`; the two tables beside it are what is used.
struct RotaryEmbedding : torch::nn::Module {
  RotaryEmbedding(std::int64_t positions, std::int64_t head_size) : rotary(positions, head_size) {
    const auto pair =
        torch::arange(0, head_size, 2, torch::kFloat32) / static_cast<double>(head_size);
    register_buffer("inv_freq", torch::pow(10000.0, -pair));
    // The same tensors under a name, so that they move to a device with the model.
    register_buffer("cos", rotary.cos);
    register_buffer("sin", rotary.sin);
  }
  Rotary rotary;
};

/// norm(x)·(1 + scale) + shift: x [B, L, H], shift and scale [B, H].
torch::Tensor modulated(const LayerNorm& norm, const torch::Tensor& x, const torch::Tensor& shift,
                        const torch::Tensor& scale) {
  return layer_norm(x, norm.weight * (1.0 + scale.to(x.scalar_type())), shift);
}

/// c [B, C] → `count` modulations [B, H].
std::vector<torch::Tensor> modulations(const Linear& matrix, const torch::Tensor& c,
                                       std::int64_t count) {
  return matrix(c).chunk(count, 1);
}

/// Named as in PyTorch's Sequential: matrices 0 and 2, module 1 being the activation.
struct Mlp : torch::nn::Module {
  explicit Mlp(std::int64_t width)
      : first(register_module("0", uniform_linear(kMlpFactor * width, width, true))),
        second(register_module("2", uniform_linear(width, kMlpFactor * width, true))) {}
  torch::Tensor operator()(const torch::Tensor& x) const {
    return trainer::mlp(x, *first, *second, GeluKind::kTanh);
  }
  std::shared_ptr<Linear> first, second;
};

struct DitBlock : torch::nn::Module {
  explicit DitBlock(const DitShape& s)
      : heads(s.n_head),
        dropout(s.dropout),
        norm1(register_module("norm1", std::make_shared<LayerNorm>(s.n_embd))),
        attn_qkv(register_module("attn_qkv", uniform_linear(3 * s.n_embd, s.n_embd, false))),
        attn_out(register_module("attn_out", uniform_linear(s.n_embd, s.n_embd, false))),
        norm2(register_module("norm2", std::make_shared<LayerNorm>(s.n_embd))),
        mlp(register_module("mlp", std::make_shared<Mlp>(s.n_embd))),
        adaln(register_module("adaLN_modulation",
                              zero_linear(kBlockModulations * s.n_embd, s.cond_dim))) {}

  torch::Tensor operator()(const torch::Tensor& x, const torch::Tensor& c,
                           const Rotary& rotary) const {
    const auto m = modulations(*adaln, c, kBlockModulations);
    const double drop = is_training() ? dropout : 0.0;
    const auto attended =
        residual_dropout(x, attention(modulated(*norm1, x, m[0], m[1]), rotary), m[2], drop);
    return residual_dropout(attended, (*mlp)(modulated(*norm2, attended, m[3], m[4])), m[5], drop);
  }

  [[nodiscard]] torch::Tensor attention(const torch::Tensor& x, const Rotary& rotary) const {
    const auto batch = x.size(0), length = x.size(1), width = x.size(2);
    const auto by_head =
        split_heads((*attn_qkv)(x).view({batch, length, 3, heads, width / heads}), &rotary);
    const auto mixed = attend(by_head.q, by_head.k, by_head.v, {});
    return (*attn_out)(mixed.transpose(1, 2).reshape({batch, length, width}));
  }

  std::int64_t heads;
  double dropout;
  std::shared_ptr<LayerNorm> norm1;
  std::shared_ptr<Linear> attn_qkv, attn_out;
  std::shared_ptr<LayerNorm> norm2;
  std::shared_ptr<Mlp> mlp;
  std::shared_ptr<Linear> adaln;
};

struct OutputLayer : torch::nn::Module {
  explicit OutputLayer(const DitShape& s)
      : norm_final(register_module("norm_final", std::make_shared<LayerNorm>(s.n_embd))),
        linear(register_module("linear", zero_linear(s.vocab_size, s.n_embd))),
        adaln(register_module("adaLN_modulation",
                              zero_linear(kOutputModulations * s.n_embd, s.cond_dim))) {}

  std::shared_ptr<LayerNorm> norm_final;
  std::shared_ptr<Linear> linear, adaln;
};

class Dit : public Model {
 public:
  explicit Dit(const DitShape& s)
      : time_conditioning_(s.time_conditioning),
        vocab_embed_(
            register_module("vocab_embed", std::make_shared<Vocabulary>(s.vocab_size, s.n_embd))),
        sigma_map_(register_module("sigma_map", std::make_shared<TimeEmbedding>(s.cond_dim))),
        rotary_emb_(register_module(
            "rotary_emb", std::make_shared<RotaryEmbedding>(s.block_size, s.n_embd / s.n_head))) {
    torch::nn::ModuleList list;
    for (std::int64_t i = 0; i < s.n_layer; ++i) {
      blocks_.push_back(std::make_shared<DitBlock>(s));
      list->push_back(blocks_.back());
    }
    register_module("blocks", list);
    output_layer_ = register_module("output_layer", std::make_shared<OutputLayer>(s));
  }

  torch::Tensor encode(const NetworkInput& input) override {
    torch::Tensor x = at::embedding(vocab_embed_->embedding, input.tokens);
    const auto c = (*sigma_map_)(time_of(input, x.options()));
    for (const auto& block : blocks_) x = (*block)(x, c, rotary_emb_->rotary);
    const auto m = modulations(*output_layer_->adaln, c, kOutputModulations);
    return modulated(*output_layer_->norm_final, x, m[0], m[1]);
  }

  torch::Tensor project(const torch::Tensor& hidden) override {
    return (*output_layer_->linear)(hidden);
  }

 private:
  [[nodiscard]] torch::Tensor time_of(const NetworkInput& input,
                                      const torch::TensorOptions& options) const {
    if (time_conditioning_ && input.time.defined()) return input.time;
    return torch::zeros({input.tokens.size(0)}, options.requires_grad(false));
  }

  bool time_conditioning_;
  std::shared_ptr<Vocabulary> vocab_embed_;
  std::shared_ptr<TimeEmbedding> sigma_map_;
  std::shared_ptr<RotaryEmbedding> rotary_emb_;
  std::vector<std::shared_ptr<DitBlock>> blocks_;
  std::shared_ptr<OutputLayer> output_layer_;
};

void check(const DitShape& s) {
  if (s.vocab_size <= 0 || s.block_size <= 0 || s.n_layer <= 0 || s.n_head <= 0 ||
      s.cond_dim <= 0 || s.n_embd % (2 * s.n_head) != 0) {
    throw std::invalid_argument("model.n_embd = " + std::to_string(s.n_embd) +
                                " must be a multiple of 2 · n_head = " +
                                std::to_string(2 * s.n_head) + ", and every size positive");
  }
}

}  // namespace

std::shared_ptr<Model> make_dit(const DitShape& shape) {
  check(shape);
  return std::make_shared<Dit>(shape);
}

ModelEntry dit_model() {
  const auto make = [](const config::ModelOptions& options, const proto::StreamMeta& meta) {
    return make_dit({.vocab_size = meta.vocab_size,
                     .block_size = longest_sequence(meta),
                     .n_layer = options.n_layer,
                     .n_head = options.n_head,
                     .n_embd = options.n_embd,
                     .cond_dim = options.cond_dim,
                     .dropout = options.dropout,
                     .time_conditioning = options.time_conditioning});
  };
  return {.name = "dit", .make = make};
}

}  // namespace millrace::trainer
