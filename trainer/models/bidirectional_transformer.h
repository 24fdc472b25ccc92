// The char-diffusion model: a pre-norm Transformer that sees both sides, with rotary positions.
#pragma once

#include <cstdint>
#include <memory>

#include "trainer/models/model.h"

namespace millrace::trainer {

struct TransformerShape {
  std::int64_t vocab_size = 0;
  std::int64_t block_size = 0;  ///< longest sequence
  std::int64_t n_layer = 0;
  std::int64_t n_head = 0;
  std::int64_t n_embd = 0;  ///< a multiple of 2 · n_head
  double dropout = 0.0;
  std::int64_t cond_dim = 0;  ///< of the time embedding; 0: the network is not told the time
};

/// Initialised from LibTorch's default generator. Throws std::invalid_argument for a shape that
/// cannot be.
[[nodiscard]] std::shared_ptr<Model> make_bidirectional_transformer(const TransformerShape& shape);

}  // namespace millrace::trainer
