// Counts of samples that follow from a recipe, for prepare and train alike.
#pragma once

#include <algorithm>
#include <cstdint>

#include "config/options.h"

namespace millrace::config {

/// Samples of one optimizer step, over all ranks.
[[nodiscard]] inline std::uint64_t global_batch(const Options& options) {
  return std::uint64_t{options.train.batch_size} * options.train.gradient_accumulation_steps;
}

/// Val samples of one evaluation, over all ranks and stages; 0 if the run ends before its first
/// evaluation.
[[nodiscard]] inline std::uint64_t eval_samples(const Options& options) {
  const bool by_steps =
      options.train.eval_interval > 0 && options.train.eval_interval <= options.train.max_iters;
  if (!by_steps && options.train.epoch_eval_interval == 0) return 0;
  return options.train.eval_iters * options.train.batch_size;
}

/// Train samples requested ahead of the trainer, if queue.window_bytes does not limit them.
[[nodiscard]] inline std::uint64_t window_samples(const Options& options) {
  return std::uint64_t{options.queue.window_batches} * options.train.batch_size;
}

/// The smallest window that works: a step that does not fit would wait forever.
[[nodiscard]] inline std::uint64_t least_window_samples(const Options& options) {
  return 2 * global_batch(options);
}

}  // namespace millrace::config
