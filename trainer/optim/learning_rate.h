// The learning rate as a function of the step, by train.lr_schedule:
//
//     cosine            linear warmup, cosine decay, then min_lr (nanoGPT's get_lr)
//     warmup_constant   linear warmup, then constant (SEDD's)
//     constant
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

#include "config/options.h"

namespace millrace::trainer {

/// The learning rate of the step that follows `completed` steps. It depends on lr_decay_iters and
/// not on max_iters, so that a run made longer stays the same run.
[[nodiscard]] inline double learning_rate(const config::TrainOptions& train,
                                          std::uint64_t completed) {
  if (train.lr_schedule == "constant") return train.learning_rate;
  const auto it = static_cast<double>(completed);
  const auto warmup = static_cast<double>(train.warmup_iters);
  const auto decay = static_cast<double>(train.lr_decay_iters);
  if (it < warmup) return train.learning_rate * (it + 1.0) / (warmup + 1.0);
  if (train.lr_schedule == "warmup_constant") return train.learning_rate;
  if (it >= decay) return train.min_lr;
  const double done = (it - warmup) / (decay - warmup);
  return train.min_lr +
         0.5 * (1.0 + std::cos(std::numbers::pi * done)) * (train.learning_rate - train.min_lr);
}

}  // namespace millrace::trainer
