// The diffusion Transformer of SEDD and MDLM: a DiT whose every block is modulated by the time.
#pragma once

#include <cstdint>
#include <memory>

#include "trainer/models/model.h"

namespace millrace::trainer {

struct DitShape {
  std::int64_t vocab_size = 0;
  std::int64_t block_size = 0;  ///< longest sequence
  std::int64_t n_layer = 0;
  std::int64_t n_head = 0;
  std::int64_t n_embd = 0;  ///< a multiple of 2 · n_head
  std::int64_t cond_dim = 128;
  double dropout = 0.0;
  bool time_conditioning = true;  ///< false: the time is always 0, as in MDLM
};

/// Initialised from LibTorch's default generator; its first logits are all 0. A time that is not
/// given is 0. Throws std::invalid_argument for a shape that cannot be.
[[nodiscard]] std::shared_ptr<Model> make_dit(const DitShape& shape);

}  // namespace millrace::trainer
