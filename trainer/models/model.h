// A network: tokens in, logits out. One file per model; all are listed in models.cc.
#pragma once

#include <memory>
#include <utility>

#include "trainer/base/torch.h"

namespace millrace::trainer {

/// What a network is given. Made from tokens alone where there is nothing else to say.
struct NetworkInput {
  NetworkInput(torch::Tensor given_tokens, torch::Tensor given_time = {})
      : tokens(std::move(given_tokens)), time(std::move(given_time)) {}

  torch::Tensor tokens;  ///< i64 [B, L], L at most the model's longest sequence
  /// [B], how noisy the tokens are: σ(t), or D3PM's τ; undefined: the network is not told.
  torch::Tensor time;
};

/// Reads texts on from where it is, so that what was read need not be read again. Of a causal
/// network: what is said of a token must not change with those behind it. It borrows the network,
/// whose parameters stay as they are meanwhile; no gradient is recorded.
class Decoder {
 public:
  virtual ~Decoder() = default;
  /// The next n tokens of each text, i64 [B, n], the same B every time → what encode says of them,
  /// hidden states [B, n, E].
  virtual torch::Tensor read(const torch::Tensor& tokens) = 0;
};

/// Two halves, so that an objective may project only the positions that it needs.
class Network {
 public:
  virtual ~Network() = default;
  /// Hidden states [B, L, E]. All that is conditioned on the time happens here.
  virtual torch::Tensor encode(const NetworkInput& input) = 0;
  /// hidden states [n, E] → logits [n, V]; each row by itself.
  virtual torch::Tensor project(const torch::Tensor& hidden) = 0;
  /// At the beginning of texts of at most `longest` tokens. This one reads everything again each
  /// time.
  [[nodiscard]] virtual std::unique_ptr<Decoder> decoder(std::int64_t longest);
  /// Logits [B, L, V].
  torch::Tensor forward(const NetworkInput& input) { return project(encode(input)); }
};

/// A network with parameters, f32 (f64 in tests); the names that named_parameters() gives are those
/// in checkpoints.
class Model : public torch::nn::Module, public Network {};

}  // namespace millrace::trainer
