// The example of docs/how-to/add_a_model.md.
#pragma once

#include <cstdint>
#include <memory>

#include "trainer/models/model.h"
#include "trainer/models/models.h"

namespace millrace::trainer {

struct MlpModelShape {
  std::int64_t vocab_size = 0;
  std::int64_t block_size = 0;  ///< longest sequence
  std::int64_t n_layer = 0;
  std::int64_t n_embd = 0;
};

/// Initialised from LibTorch's default generator. Ignores the time.
[[nodiscard]] std::shared_ptr<Model> make_mlp_model(const MlpModelShape& shape);

[[nodiscard]] ModelEntry mlp_model();

}  // namespace millrace::trainer
