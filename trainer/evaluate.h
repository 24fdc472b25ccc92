// `evaluate`: a checkpoint's loss on a split of its own stream, computed here, and samples with what the model fills in.
// Free of LibTorch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/recipe.h"
#include "proto/types.h"
#include "trainer/evaluation_result.h"
#include "trainer/fill_in.h"

namespace millrace::trainer {

struct EvaluateRequest {
  std::filesystem::path checkpoint;  ///< a checkpoint, or an output folder: its best one then, else its latest
  proto::Split split = proto::Split::kVal;
  std::optional<std::uint64_t> iters;       ///< micro-batches; unset: the recipe's eval_iters
  std::optional<std::string> weights;       ///< "ema" or "raw"; unset: the average where the checkpoint has one
  std::uint32_t show = 0;                   ///< samples to fill in
  std::vector<config::Override> overrides;  ///< of keys that shape the run alone, such as data.path
};

struct EvaluateResult {
  std::filesystem::path folder;  ///< the checkpoint that was taken
  std::uint64_t step = 0;
  Evaluation evaluation;
  std::vector<FilledIn> samples;
};

/// Throws UsageError for a checkpoint that cannot be used, an override that would change the model, or a stream that is not the
/// one it was trained on. Empty: asked to stop.
[[nodiscard]] std::optional<EvaluateResult> evaluate_checkpoint(const EvaluateRequest& request);

}  // namespace millrace::trainer
