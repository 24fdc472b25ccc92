// `evaluate`: a checkpoint measured on the windows of a split of its own stream, computed here; or
// its loss as train tells it; and samples with what the model fills in. Free of LibTorch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/recipe.h"
#include "proto/types.h"
#include "trainer/evaluation/likelihood_report.h"
#include "trainer/run/validation_result.h"
#include "trainer/text/fill_in.h"

namespace millrace::trainer {

struct EvaluateRequest {
  /// A checkpoint, or an output folder: its best one then, else its latest.
  std::filesystem::path checkpoint;
  proto::Split split = proto::Split::kVal;
  /// The loss as train tells it, on so many micro-batches; nothing is measured then.
  std::optional<std::uint64_t> iters;
  std::optional<std::uint64_t> windows;  ///< to be measured; unset: all of the split
  std::uint32_t samples_per_window = 4;  ///< draws of noise for a bound
  std::uint64_t seed = 0;                ///< of those draws
  std::vector<std::int64_t> timesteps;   ///< of bounds in so many diffusion steps
  std::optional<std::string>
      weights;             ///< "ema" or "raw"; unset: the average where the checkpoint has one
  std::uint32_t show = 0;  ///< samples to fill in
  std::vector<config::Override> overrides;  ///< of keys that shape the run alone, such as data.path
};

struct EvaluateResult {
  proto::Checkpoint checkpoint;                ///< that was taken
  std::optional<ValidationResult> evaluation;  ///< one of these two
  std::optional<LikelihoodReport> measurement;
  std::vector<FilledIn> samples;
};

/// Throws UsageError for a checkpoint that cannot be used, an override that would change the model,
/// or a stream that is not the one it was trained on. Empty: asked to stop.
[[nodiscard]] std::optional<EvaluateResult> evaluate_checkpoint(const EvaluateRequest& request);

}  // namespace millrace::trainer
