// Counts of samples that follow from a recipe: the same rule for prepare and train.
#pragma once

#include <algorithm>
#include <cstdint>

#include "config/options.h"

namespace millrace::config {

/// Samples of one step, whatever the number of ranks.
[[nodiscard]] inline std::uint64_t global_batch(const Options& options) {
  return std::uint64_t{options.train.batch_size} * options.train.gradient_accumulation_steps;
}

/// Val samples of one evaluation, over all ranks and stages; none where max_iters ends the run
/// before the first evaluation.
[[nodiscard]] inline std::uint64_t eval_samples(const Options& options) {
  const bool by_steps =
      options.train.eval_interval > 0 && options.train.eval_interval <= options.train.max_iters;
  if (!by_steps && options.train.epoch_eval_interval == 0) return 0;
  return options.train.eval_iters * options.train.batch_size;
}

/// Train samples that are asked for ahead of the trainer, before queue.window_bytes is looked at.
[[nodiscard]] inline std::uint64_t window_samples(const Options& options) {
  return std::uint64_t{options.queue.window_batches} * options.train.batch_size;
}

/// The least window that works: a step that does not fit would wait for ever.
[[nodiscard]] inline std::uint64_t least_window_samples(const Options& options) {
  return 2 * global_batch(options);
}

}  // namespace millrace::config
