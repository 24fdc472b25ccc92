// GPT-2's block, shared by the bidirectional model and GPT-2: x + attention(norm(x)), then
// x + MLP(norm(x)), with GELU and a hidden layer 4 times as wide.
#pragma once

#include <memory>

#include "trainer/nn/attention.h"
#include "trainer/nn/layers.h"
#include "trainer/nn/rotary.h"

namespace millrace::trainer {

/// nanoGPT's initial standard deviation, except of matrices that write into the residual stream.
inline constexpr double kInitDeviation = 0.02;

struct BlockShape {
  /// Blocks of the whole model: matrices that write into the residual stream start with a standard
  /// deviation of 0.02/sqrt(2 · n_layer).
  std::int64_t n_layer = 0;
  std::int64_t n_head = 0;
  std::int64_t n_embd = 0;  ///< a multiple of n_head, and of 2 · n_head with rotary positions
  double dropout = 0.0;
  bool bias = false;    ///< whether matrices and norms have one
  bool causal = false;  ///< position i sees positions 0 … i only
};

/// Parameters under nanoGPT's names: ln_1, attn.c_attn, attn.c_proj, ln_2, mlp.c_fc, mlp.c_proj.
struct Block : torch::nn::Module {
  explicit Block(const BlockShape& shape);
  /// x [B, L, E] → [B, L, E]. `rotary`, if any, rotates queries and keys. With a `cache`, x follows
  /// the positions that it holds, and is appended to it; for a causal block without rotary
  /// positions.
  torch::Tensor operator()(torch::Tensor x, const Rotary* rotary, KvCache* cache = nullptr) const;

 private:
  struct Attention;
  struct Mlp;
  double dropout_;  ///< of both residual branches; attention has one more, of its weights
  std::shared_ptr<LayerNorm> ln_1_;
  std::shared_ptr<Attention> attn_;
  std::shared_ptr<LayerNorm> ln_2_;
  std::shared_ptr<Mlp> mlp_;
};

}  // namespace millrace::trainer
