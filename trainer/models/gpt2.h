// GPT-2: the autoregressive baseline's model.
#pragma once

#include <cstdint>
#include <memory>

#include "trainer/models/model.h"

namespace millrace::trainer {

struct Gpt2Shape {
  std::int64_t vocab_size = 0;
  std::int64_t block_size = 0;  ///< longest sequence, each of whose positions is learned
  std::int64_t n_layer = 0;
  std::int64_t n_head = 0;
  std::int64_t n_embd = 0;  ///< a multiple of n_head
  double dropout = 0.0;
  bool bias = true;  ///< of matrices and norms
};

/// Initialised from LibTorch's default generator. Takes no notice of a time. Throws
/// std::invalid_argument for a shape that cannot be.
[[nodiscard]] std::shared_ptr<Model> make_gpt2(const Gpt2Shape& shape);

}  // namespace millrace::trainer
