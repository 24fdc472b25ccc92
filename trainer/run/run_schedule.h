// When a run ends, and which steps are followed by a line, an evaluation or a checkpoint: by steps
// and by epochs.
//
// An epoch is as many train samples as the stream says one pass over the data has. Epoch n is done
// with the first step after which n times that number are used, so it need not hold whole steps.
// What falls due during a streak of steps without a finite loss and gradient (non_finite_steps.h)
// waits for the next good step. So what is due after a step depends on `last_good`, the last good
// step before it, as a rule step − 1. Pure functions of recipe, stream and step, so that all ranks,
// and a resumed run, decide alike. Free of LibTorch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/options.h"

namespace millrace::trainer {

/// Whether the recipe sets max_epochs, epoch_eval_interval or epoch_checkpoint_interval.
[[nodiscard]] bool counts_epochs(const config::TrainOptions& train);

class RunSchedule {
 public:
  /// `epoch_samples`: StreamMeta's. Throws config::UsageError where the recipe counts epochs and
  /// the stream does not say how many samples one has.
  RunSchedule(const config::Options& options, std::optional<std::uint64_t> epoch_samples);

  /// The number of steps after which the run is over.
  [[nodiscard]] std::uint64_t last_step() const { return last_step_; }
  /// Whether `step` gets a line in metrics.jsonl.
  [[nodiscard]] bool should_log(std::uint64_t step) const;
  [[nodiscard]] bool should_evaluate(std::uint64_t last_good, std::uint64_t step) const;
  [[nodiscard]] bool should_save(std::uint64_t last_good, std::uint64_t step) const;
  /// The epoch that `step` ends, where its checkpoint is to be kept for good; the last one, where
  /// the step ends several.
  [[nodiscard]] std::optional<std::uint64_t> epoch_to_keep(std::uint64_t last_good,
                                                           std::uint64_t step) const;

  /// Epochs in `step` steps, to six decimal places; empty where the recipe does not count epochs.
  [[nodiscard]] std::optional<double> epochs(std::uint64_t step) const;
  /// A line for the start: what an epoch is, and what ends the run. Empty where the recipe does not
  /// count epochs.
  [[nodiscard]] std::string about_epochs() const;
  /// A line for a run whose start, `step`, is already its end.
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
