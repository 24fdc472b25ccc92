// The choices of somebody who samples: the sampler, its steps, and the probabilities it draws from.
// Free of LibTorch.
#pragma once

#include <any>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/recipe.h"

namespace millrace::trainer {

/// How logits become the probabilities that a token is drawn from: first temperature, then top-k,
/// then top-p. The default changes nothing.
struct LogitsFilter {
  double temperature = 1.0;  ///< divides the logits; 0: only the likeliest token
  std::int64_t top_k = 0;    ///< keeps the k likeliest tokens; 0: all
  /// Keeps, of these, the fewest whose probabilities add up to p (arXiv 1904.09751).
  double top_p = 1.0;
};

struct SamplingOptions {
  std::string sampler{};                 ///< a name; empty: the default of the objective
  std::optional<std::uint64_t> steps{};  ///< unset: 64, or fewer where the sampler cannot take 64
  LogitsFilter filter{};
  /// "ema" or "raw"; unset: the parameters' moving average where the checkpoint has one.
  std::optional<std::string> weights{};
  /// Only of keys that change how the model runs, such as train.device; and of data.tokenizer.
  std::vector<config::Override> overrides{};
  /// The sampler's own settings, of the type that its entry's read_flags returns, such as
  /// EditPlan; empty: its defaults.
  std::any settings{};
};

}  // namespace millrace::trainer
