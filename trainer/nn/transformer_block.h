// GPT-2's block, which the bidirectional model and GPT-2 share: x + attention(norm(x)), then x +
// MLP(norm(x)), 4 times as wide, with GELU.
#pragma once

#include <memory>

#include "trainer/nn/attention.h"
#include "trainer/nn/layers.h"
#include "trainer/nn/rotary.h"

namespace millrace::trainer {

/// nanoGPT's initial deviation of every matrix, but for those that write into the residual stream.
inline constexpr double kInitDeviation = 0.02;

struct BlockShape {
  /// Of the whole model: what writes into the residual stream begins with 0.02/sqrt(2 · n_layer).
  std::int64_t n_layer = 0;
  std::int64_t n_head = 0;
  std::int64_t n_embd = 0;  ///< a multiple of n_head, and of 2 · n_head with rotary positions
  double dropout = 0.0;
  bool bias = false;    ///< of matrices and norms
  bool causal = false;  ///< position i sees 0 … i alone
};

/// Parameters under nanoGPT's names: ln_1, attn.c_attn, attn.c_proj, ln_2, mlp.c_fc, mlp.c_proj.
struct Block : torch::nn::Module {
  explicit Block(const BlockShape& shape);
  /// x [B, L, E] → the same. `rotary`, where there is one, turns queries and keys. With `kept`, x
  /// stands behind what is kept there, sees it, and is kept itself: causal, without rotary
  /// positions.
  torch::Tensor operator()(torch::Tensor x, const Rotary* rotary, KvCache* kept = nullptr) const;

 private:
  struct Attention;
  struct Mlp;
  double dropout_;  ///< of what the residual stream gets, and of attention's weights
  std::shared_ptr<LayerNorm> ln_1_;
  std::shared_ptr<Attention> attn_;
  std::shared_ptr<LayerNorm> ln_2_;
  std::shared_ptr<Mlp> mlp_;
};

}  // namespace millrace::trainer
