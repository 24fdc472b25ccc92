// The checkpoint that somebody names on a command line: its folder, its recipe, its weights. For
// programs that read one.
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

/// A checkpoint's folder, or a run's: its best, or else its latest. Throws config::UsageError where
/// there is none that is whole. `flag` named it.
[[nodiscard]] proto::Checkpoint open_given(const std::filesystem::path& given,
                                           const std::string& flag = "--checkpoint");

/// The checkpoint's own recipe with overrides. Throws config::UsageError for one that would change
/// the stream, the model or the optimizer.
[[nodiscard]] config::Options recipe_of(const std::filesystem::path& folder,
                                        const std::vector<config::Override>& overrides);

/// "ema", "raw", or whichever is the best that there is: the average where the run kept one. Throws
/// config::UsageError for an average that was not kept, and for any other word.
[[nodiscard]] Weights weights_of(const std::filesystem::path& folder,
                                 const std::optional<std::string>& asked);

/// The checkpoint's model on the device, in evaluation.
[[nodiscard]] std::shared_ptr<Model> trained_model(const proto::Checkpoint& checkpoint,
                                                   const config::Options& options, Weights weights,
                                                   torch::Device device,
                                                   const Precision& precision);

}  // namespace millrace::trainer
