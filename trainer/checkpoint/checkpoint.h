// Saving and loading a run: the tensors of model, moving average and optimizer, in the folder that
// proto/checkpoint.h describes.
#pragma once

#include <filesystem>

#include "config/options.h"
#include "proto/checkpoint.h"
#include "trainer/models/model.h"
#include "trainer/optim/adamw.h"
#include "trainer/optim/ema.h"

namespace millrace::trainer {

/// Writes train.out_dir/step-…, complete or not at all, then the links to it, then removes the
/// checkpoints beyond keep_checkpoints. For rank 0 alone. `ema`: null where train.ema is 0. Throws
/// std::runtime_error with the path and the reason; the older checkpoints are then as they were.
void save_checkpoint(const config::Options& options, const proto::TrainerState& state,
                     const Model& model, const AdamW& optimizer, const Ema* ema = nullptr);

/// Whether the checkpoint holds a moving average.
[[nodiscard]] bool has_ema(const std::filesystem::path& folder);
/// Which weights of a checkpoint a model gets: its parameters, or their moving average.
enum class Weights { kRaw, kEma };
/// Copies a checkpoint's tensors over those of the model, average or optimizer. All throw
/// std::runtime_error, naming the first tensor that does not fit, or the damage.
void load_model(const std::filesystem::path& folder, const Model& model,
                Weights weights = Weights::kRaw);
void load_ema(const std::filesystem::path& folder, const Ema& ema);
void load_optimizer(const std::filesystem::path& folder, const AdamW& optimizer);

}  // namespace millrace::trainer
