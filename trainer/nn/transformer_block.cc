// The attention and the MLP of GPT-2's block (transformer_block.h).
#include "trainer/nn/transformer_block.h"

#include <cmath>

#include "trainer/nn/fused.h"
#include "trainer/nn/fused_mlp.h"

namespace millrace::trainer {
namespace {

constexpr std::int64_t kMlpFactor = 4;

double residual_deviation(const BlockShape& shape) {
  return kInitDeviation / std::sqrt(2.0 * static_cast<double>(shape.n_layer));
}

}  // namespace

struct Block::Attention : torch::nn::Module {
  explicit Attention(const BlockShape& s)
      : heads(s.n_head),
        dropout(s.dropout),
        causal(s.causal),
        c_attn(register_module("c_attn",
                               normal_linear(3 * s.n_embd, s.n_embd, kInitDeviation, s.bias))),
        c_proj(register_module("c_proj",
                               normal_linear(s.n_embd, s.n_embd, residual_deviation(s), s.bias))) {}

  torch::Tensor operator()(const torch::Tensor& x, const Rotary* rotary, KvCache* cache) const {
    const auto batch = x.size(0), length = x.size(1), width = x.size(2);
    const auto qkv = (*c_attn)(x).view({batch, length, 3, heads, width / heads});
    auto [q, k, v] = split_heads(qkv, rotary);
    if (cache != nullptr) {
      cache->append(k, v);
      k = cache->keys(), v = cache->values();
    }
    const auto mixed =
        attend(q, k, v, {.dropout = is_training() ? dropout : 0.0, .causal = causal});
    return (*c_proj)(mixed.transpose(1, 2).reshape({batch, length, width}));
  }

  std::int64_t heads;
  double dropout;
  bool causal;
  std::shared_ptr<Linear> c_attn, c_proj;
};

struct Block::Mlp : torch::nn::Module {
  explicit Mlp(const BlockShape& s)
      : c_fc(register_module(
            "c_fc", normal_linear(kMlpFactor * s.n_embd, s.n_embd, kInitDeviation, s.bias))),
        c_proj(register_module("c_proj", normal_linear(s.n_embd, kMlpFactor * s.n_embd,
                                                       residual_deviation(s), s.bias))) {}

  torch::Tensor operator()(const torch::Tensor& x) const {
    return mlp(x, *c_fc, *c_proj, GeluKind::kExact);
  }

  std::shared_ptr<Linear> c_fc, c_proj;
};

Block::Block(const BlockShape& s)
    : dropout_(s.dropout),
      ln_1_(register_module("ln_1", std::make_shared<LayerNorm>(s.n_embd, s.bias))),
      attn_(register_module("attn", std::make_shared<Attention>(s))),
      ln_2_(register_module("ln_2", std::make_shared<LayerNorm>(s.n_embd, s.bias))),
      mlp_(register_module("mlp", std::make_shared<Mlp>(s))) {}

torch::Tensor Block::operator()(torch::Tensor x, const Rotary* rotary, KvCache* cache) const {
  const double drop = is_training() ? dropout_ : 0.0;
  x = residual_dropout(x, (*attn_)((*ln_1_)(x), rotary, cache), {}, drop);
  return residual_dropout(x, (*mlp_)((*ln_2_)(x)), {}, drop);
}

}  // namespace millrace::trainer
