// When a run ends, and what is due after which step: lines, evaluations, checkpoints, by steps and
// by epochs.
//
// An epoch is as many train samples as the stream says that one pass over the data has. Epoch n is
// done with the first step after which n times as many are used: it need not hold whole steps. What
// falls due while steps are bad (non_finite_steps.h) waits for the next good one, so what is due
// after a step depends on the last `good` one before it, as a rule step − 1. Pure functions of
// recipe, stream and step, so that all ranks, and a run that is resumed, decide alike. Free of
// LibTorch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/options.h"

namespace millrace::trainer {

/// Whether a key of the recipe needs to know what an epoch is.
[[nodiscard]] bool counts_epochs(const config::TrainOptions& train);

class RunSchedule {
 public:
  /// `epoch_samples`: StreamMeta's. Throws config::UsageError where the recipe counts epochs and
  /// the stream does not say.
  RunSchedule(const config::Options& options, std::optional<std::uint64_t> epoch_samples);

  /// After so many steps the run is over.
  [[nodiscard]] std::uint64_t last_step() const { return last_step_; }
  /// A line of metrics.jsonl.
  [[nodiscard]] bool should_log(std::uint64_t step) const;
  [[nodiscard]] bool should_evaluate(std::uint64_t good, std::uint64_t step) const;
  [[nodiscard]] bool should_save(std::uint64_t good, std::uint64_t step) const;
  /// The epoch for whose sake the checkpoint of `step` is kept for good: the last one, where a step
  /// ends several.
  [[nodiscard]] std::optional<std::uint64_t> epoch_to_keep(std::uint64_t good,
                                                           std::uint64_t step) const;

  /// How many epochs `step` steps are, to six digits behind the point; empty where the recipe does
  /// not count them.
  [[nodiscard]] std::optional<double> epochs(std::uint64_t step) const;
  /// A line for the start: what an epoch is, and what ends the run. Empty where the recipe does not
  /// count epochs.
  [[nodiscard]] std::string about_epochs() const;
  /// A line for a run that is at `step`, its end, already.
  [[nodiscard]] std::string over(std::uint64_t step) const;

 private:
  [[nodiscard]] std::uint64_t epochs_done(std::uint64_t step) const;
  [[nodiscard]] bool epochs_end_it() const { return last_step_ < train_.max_iters; }

  config::TrainOptions train_;
  std::uint64_t step_samples_;
  std::uint64_t epoch_samples_;  ///< 0 where the recipe does not count epochs
  std::uint64_t last_step_;
};

}  // namespace millrace::trainer
