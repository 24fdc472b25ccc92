// model.architecture = "dit": the diffusion Transformer of SEDD and MDLM, whose blocks are all
// modulated by the time.
#pragma once

#include <cstdint>
#include <memory>

#include "trainer/models/model.h"
#include "trainer/models/models.h"

namespace millrace::trainer {

struct DitShape {
  std::int64_t vocab_size = 0;
  std::int64_t block_size = 0;  ///< longest sequence
  std::int64_t n_layer = 0;
  std::int64_t n_head = 0;
  std::int64_t n_embd = 0;      ///< a multiple of 2 · n_head
  std::int64_t cond_dim = 128;  ///< width of the time embedding
  double dropout = 0.0;
  bool time_conditioning = true;  ///< false: the time is always 0, as in MDLM
};

/// Initialised from LibTorch's default generator; its first logits are all 0. An undefined time
/// counts as 0. Throws std::invalid_argument for an impossible shape.
[[nodiscard]] std::shared_ptr<Model> make_dit(const DitShape& shape);

[[nodiscard]] ModelEntry dit_model();

}  // namespace millrace::trainer
