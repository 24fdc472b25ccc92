// How far ahead of the trainer samples are requested, and how many in one range.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "proto/schema.h"

namespace millrace::queue {

/// Bytes of a leased range: large enough to amortise a message, small enough that several producers
/// get work.
inline constexpr std::uint64_t kRangeTargetBytes = std::uint64_t{256} << 10;
inline constexpr std::uint64_t kRangeMostBytes = std::uint64_t{1} << 20;

/// How far ahead of the trainer samples are requested.
struct Window {
  std::uint64_t samples = 1;
  std::uint64_t bytes = std::uint64_t{256} << 20;
  /// Samples, whatever the other two say: a step larger than the window would wait for ever.
  std::uint64_t at_least = 1;

  [[nodiscard]] std::uint64_t samples_of(const proto::Schema& schema) const {
    return std::max(std::min(samples, bytes / schema.bytes_per_sample()), at_least);
  }
  /// At least two ranges, so that one is here when the other is used up.
  [[nodiscard]] std::uint64_t samples_of(const proto::Schema& schema,
                                         std::uint32_t range_samples) const {
    return std::max(samples_of(schema), 2 * std::uint64_t{range_samples});
  }
};

/// Samples of a leased range, for transports that leave it open: a power of two. About
/// kRangeTargetBytes and at most an eighth of the window, so that several producers get work; where
/// batches are large, a 16th of the window, up to kRangeMostBytes, so that there are fewer
/// messages.
[[nodiscard]] inline std::uint32_t leased_range_samples(const proto::Schema& schema,
                                                        const Window& window) {
  const std::uint64_t sample_bytes = schema.bytes_per_sample();
  const std::uint64_t ahead = window.samples_of(schema);
  const std::uint64_t large = std::min(ahead / 16, kRangeMostBytes / sample_bytes);
  const std::uint64_t usual = std::min(ahead / 8, kRangeTargetBytes / sample_bytes);
  return static_cast<std::uint32_t>(std::bit_floor(std::max<std::uint64_t>({large, usual, 1})));
}

}  // namespace millrace::queue
