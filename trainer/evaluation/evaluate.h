// `evaluate`: measures a checkpoint on a split of its own stream, which is computed in this
// process. Gives the likelihood (likelihood_report.h), or the loss as train reports it; and samples
// with the tokens that the model fills in. Free of LibTorch.
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
  /// A checkpoint, or an output folder: its best checkpoint, or else its latest.
  std::filesystem::path checkpoint;
  proto::Split split = proto::Split::kVal;
  /// Set: the loss as train reports it, on so many micro-batches, in place of the likelihood.
  std::optional<std::uint64_t> iters;
  std::optional<std::uint64_t> windows;  ///< number of windows to measure; unset: all of the split
  std::optional<std::uint32_t> samples_per_window;  ///< draws of time and noise for a bound; else 4
  std::optional<std::uint64_t> seed;                ///< of these draws; else 0
  std::vector<std::int64_t> timesteps;  ///< for each also the bound in so many diffusion steps
  /// "ema" or "raw"; unset: the parameters' moving average where the checkpoint has one.
  std::optional<std::string> weights;
  std::uint32_t show = 0;                   ///< number of samples to fill in
  std::vector<config::Override> overrides;  ///< only of keys that shape the run, such as data.path
};

struct EvaluateResult {
  proto::Checkpoint checkpoint;  ///< the one that was used
  // One of these two.
  std::optional<ValidationResult> validation;
  std::optional<LikelihoodReport> likelihood;
  std::vector<FilledIn> samples;
};

/// Throws UsageError for a checkpoint that cannot be used, an override that would change the model,
/// or a stream other than the one that it was trained on. Empty: asked to stop.
[[nodiscard]] std::optional<EvaluateResult> evaluate_checkpoint(const EvaluateRequest& request);

}  // namespace millrace::trainer
