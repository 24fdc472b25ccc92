// A network: tokens in, logits out. One file per model; all are listed in models.cc.
#pragma once

#include "trainer/torch.h"

namespace millrace::trainer {

/// Two halves, so that an objective may project only the positions that it needs. Parameters are f32 (f64 in tests); the names
/// that named_parameters() gives are those in checkpoints.
class Model : public torch::nn::Module {
 public:
  /// tokens i64 [B, L], L at most the stream's block size → hidden states [B, L, E].
  virtual torch::Tensor encode(const torch::Tensor& tokens) = 0;
  /// hidden states [n, E] → logits [n, V]; each row by itself.
  virtual torch::Tensor project(const torch::Tensor& hidden) = 0;
  /// tokens i64 [B, L] → logits [B, L, V].
  torch::Tensor forward(const torch::Tensor& tokens) { return project(encode(tokens)); }
};

}  // namespace millrace::trainer
