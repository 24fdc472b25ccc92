// model.architecture = "bidirectional": a pre-norm Transformer without a causal mask, with rotary
// positions.
#pragma once

#include <cstdint>
#include <memory>

#include "trainer/models/model.h"
#include "trainer/models/models.h"

namespace millrace::trainer {

struct TransformerShape {
  std::int64_t vocab_size = 0;
  std::int64_t block_size = 0;  ///< longest sequence
  std::int64_t n_layer = 0;
  std::int64_t n_head = 0;
  std::int64_t n_embd = 0;  ///< a multiple of 2 · n_head
  double dropout = 0.0;
  std::int64_t cond_dim = 0;  ///< width of the time embedding; 0: the network ignores the time
};

/// Initialised from LibTorch's default generator. Throws std::invalid_argument for an impossible
/// shape.
[[nodiscard]] std::shared_ptr<Model> make_bidirectional_transformer(const TransformerShape& shape);

[[nodiscard]] ModelEntry bidirectional_model();

}  // namespace millrace::trainer
