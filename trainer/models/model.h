// The interface of a network: tokens in, logits out. models.h lists all that implement it.
#pragma once

#include <memory>
#include <utility>

#include "trainer/base/torch.h"

namespace millrace::trainer {

/// The input of a network: a batch of token sequences and, where the objective has one, their time.
/// Converts from tokens alone.
struct NetworkInput {
  NetworkInput(torch::Tensor given_tokens, torch::Tensor given_time = {})
      : tokens(std::move(given_tokens)), time(std::move(given_time)) {}

  torch::Tensor tokens;  ///< i64 [B, L], L at most the model's longest sequence
  /// [B], how noisy the tokens are: σ(t), or D3PM's τ; undefined where there is no time.
  torch::Tensor time;
};

/// Incremental decoding with a causal network: each call reads the next tokens of B texts, without
/// computing those before them again where the network has a cache. It borrows the network, whose
/// parameters must not change meanwhile. Call it with gradients off.
class Decoder {
 public:
  virtual ~Decoder() = default;
  /// The next n tokens of each text, i64 [B, n], B the same in all calls → their hidden states
  /// [B, n, E], equal to encode's for the whole texts up to rounding.
  virtual torch::Tensor read(const torch::Tensor& tokens) = 0;
};

/// A network in two halves, so that an objective may project only the positions that its loss
/// needs.
class Network {
 public:
  virtual ~Network() = default;
  /// Tokens and time → hidden states [B, L, E].
  virtual torch::Tensor encode(const NetworkInput& input) = 0;
  /// Hidden states [n, E] → logits [n, V], each row by itself.
  virtual torch::Tensor project(const torch::Tensor& hidden) = 0;
  /// A decoder at the beginning of texts of at most `longest` tokens. By default it has no cache
  /// and encodes the whole texts in each call.
  [[nodiscard]] virtual std::unique_ptr<Decoder> decoder(std::int64_t longest);
  /// Tokens and time → logits [B, L, V].
  torch::Tensor forward(const NetworkInput& input) { return project(encode(input)); }
};

/// A network with parameters, f32 (f64 in tests). Checkpoints store them under the names of
/// named_parameters().
class Model : public torch::nn::Module, public Network {};

}  // namespace millrace::trainer
