// From logits to the probabilities that are drawn from.
#pragma once

#include <cstdint>

#include "trainer/base/torch.h"

namespace millrace::trainer {

/// By default nothing is changed.
struct LogitsFilter {
  double temperature = 1.0;  ///< divides the logits; 0: always the likeliest
  std::int64_t top_k = 0;    ///< only the k likeliest tokens; 0: all
  /// Of these the fewest whose probabilities add up to p (arXiv 1904.09751).
  double top_p = 1.0;
};

/// logits [n, N] → probabilities f64 [n, N], each row with the sum 1. Of equal logits the lower
/// state is kept first.
[[nodiscard]] torch::Tensor probabilities_of(const torch::Tensor& logits,
                                             const LogitsFilter& filter);

}  // namespace millrace::trainer
