// model.architecture = "gpt2": GPT-2, the model of the autoregressive baseline.
#pragma once

#include <cstdint>
#include <memory>

#include "trainer/models/model.h"
#include "trainer/models/models.h"

namespace millrace::trainer {

struct Gpt2Shape {
  std::int64_t vocab_size = 0;
  std::int64_t block_size = 0;  ///< longest sequence; each position has a learned embedding
  std::int64_t n_layer = 0;
  std::int64_t n_head = 0;
  std::int64_t n_embd = 0;  ///< a multiple of n_head
  double dropout = 0.0;
  bool bias = true;  ///< whether matrices and norms have one
};

/// Initialised from LibTorch's default generator. Ignores the time. Throws std::invalid_argument
/// for an impossible shape.
[[nodiscard]] std::shared_ptr<Model> make_gpt2(const Gpt2Shape& shape);

[[nodiscard]] ModelEntry gpt2_model();

}  // namespace millrace::trainer
