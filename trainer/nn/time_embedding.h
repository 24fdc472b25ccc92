// The embedding of a diffusion time, which tells a network how noisy its input is.
#pragma once

#include <memory>

#include "trainer/nn/layers.h"

namespace millrace::trainer {

/// c = silu(MLP(cos‖sin(time · f_k))), f_k = 10000^(−k/128) for k = 0 … 127: time [B] → [B, size].
/// Computed in f32 at least, whatever the precision of the rest: half precision cannot tell close
/// times apart. Parameters mlp.0 and mlp.2, as in SEDD (arXiv 2310.16834).
struct TimeEmbedding : torch::nn::Module {
  explicit TimeEmbedding(std::int64_t size);
  [[nodiscard]] torch::Tensor operator()(const torch::Tensor& time) const;

  std::shared_ptr<Linear> first, second;
};

}  // namespace millrace::trainer
