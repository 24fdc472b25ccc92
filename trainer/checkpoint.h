// Saving and loading a run: the tensors of model and optimizer in the folder that proto/checkpoint.h describes.
#pragma once

#include <filesystem>

#include "config/options.h"
#include "proto/checkpoint.h"
#include "trainer/adamw.h"
#include "trainer/model.h"

namespace millrace::trainer {

/// Writes train.out_dir/step-…: complete or not at all. Removes what keep_checkpoints no longer covers. By rank 0 alone.
void save_checkpoint(const config::Options& options, const proto::TrainerState& state, const Model& model, const AdamW& optimizer);

/// Reads the model's parameters.
void load_model(const std::filesystem::path& folder, const Model& model);
/// Reads the optimizer's state.
void load_optimizer(const std::filesystem::path& folder, const AdamW& optimizer);

}  // namespace millrace::trainer
