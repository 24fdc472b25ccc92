// A network: tokens in, logits out. One file per model; all are listed in models.cc.
#pragma once

#include <utility>

#include "trainer/torch.h"

namespace millrace::trainer {

/// What a network is given. Made from tokens alone where there is nothing else to say.
struct NetworkInput {
  NetworkInput(torch::Tensor given_tokens, torch::Tensor given_time = {})
      : tokens(std::move(given_tokens)), time(std::move(given_time)) {}

  torch::Tensor tokens;  ///< i64 [B, L], L at most the model's longest sequence
  torch::Tensor time;    ///< [B], how noisy the tokens are: σ(t), or D3PM's τ; undefined: the network is not told
};

/// Two halves, so that an objective may project only the positions that it needs.
class Network {
 public:
  virtual ~Network() = default;
  /// Hidden states [B, L, E]. All that is conditioned on the time happens here.
  virtual torch::Tensor encode(const NetworkInput& input) = 0;
  /// hidden states [n, E] → logits [n, V]; each row by itself.
  virtual torch::Tensor project(const torch::Tensor& hidden) = 0;
  /// Logits [B, L, V].
  torch::Tensor forward(const NetworkInput& input) { return project(encode(input)); }
};

/// A network with parameters, f32 (f64 in tests); the names that named_parameters() gives are those in checkpoints.
class Model : public torch::nn::Module, public Network {};

}  // namespace millrace::trainer
