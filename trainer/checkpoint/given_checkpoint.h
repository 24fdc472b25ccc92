// A checkpoint named on a command line: its folder, its recipe, its weights and its model. For
// `evaluate` and `sample`.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/recipe.h"
#include "proto/checkpoint.h"
#include "trainer/checkpoint/checkpoint.h"
#include "trainer/device/precision.h"

namespace millrace::trainer {

/// Opens a checkpoint's folder; of a run's folder the best checkpoint, or else the latest, also
/// where the links were lost. The optimizer's state may be missing. Throws config::UsageError where
/// that is no complete checkpoint. `flag`: what named it, for the error.
[[nodiscard]] proto::Checkpoint open_given(const std::filesystem::path& given,
                                           const std::string& flag = "--checkpoint");

/// The checkpoint's own recipe with overrides. Throws config::UsageError for an override that would
/// change the stream, the model or the optimizer.
[[nodiscard]] config::Options recipe_of(const std::filesystem::path& folder,
                                        const std::vector<config::Override>& overrides);

/// The choice of the flag --weights: "ema", "raw", or absent, which means the moving average where
/// the run kept one. Throws config::UsageError for an average that was not kept, and for any other
/// word.
[[nodiscard]] Weights weights_of(const std::filesystem::path& folder,
                                 const std::optional<std::string>& asked);

/// The checkpoint's model on the device, in evaluation mode. Throws config::UsageError where the
/// settings ask for a far larger model than its file holds, before memory is taken for it.
[[nodiscard]] std::shared_ptr<Model> trained_model(const proto::Checkpoint& checkpoint,
                                                   const config::Options& options, Weights weights,
                                                   torch::Device device,
                                                   const Precision& precision);

}  // namespace millrace::trainer
