// Saving and loading a run: the tensors of model and optimizer in the folder that
// proto/checkpoint.h describes.
#pragma once

#include <filesystem>

#include "config/options.h"
#include "proto/checkpoint.h"
#include "trainer/models/model.h"
#include "trainer/optim/adamw.h"
#include "trainer/optim/ema.h"

namespace millrace::trainer {

/// Writes train.out_dir/step-…: complete or not at all; and the links that lead to it. Removes what
/// keep_checkpoints no longer covers. By rank 0 alone. `ema`: null where the run keeps no average.
void save_checkpoint(const config::Options& options, const proto::TrainerState& state,
                     const Model& model, const AdamW& optimizer, const Ema* ema = nullptr);

/// Whether the checkpoint holds an average of the parameters.
[[nodiscard]] bool has_ema(const std::filesystem::path& folder);
/// Reads the model's parameters, or their average.
enum class Weights { kRaw, kEma };
void load_model(const std::filesystem::path& folder, const Model& model,
                Weights weights = Weights::kRaw);
/// Reads the average.
void load_ema(const std::filesystem::path& folder, const Ema& ema);
/// Reads the optimizer's state.
void load_optimizer(const std::filesystem::path& folder, const AdamW& optimizer);

}  // namespace millrace::trainer
