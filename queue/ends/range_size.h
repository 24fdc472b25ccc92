// How many samples are asked for at once, where the transport leaves it open.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "proto/schema.h"

namespace millrace::queue {

/// Bytes of a leased range: enough to amortise a message, little enough to spread over producers.
inline constexpr std::uint64_t kRangeTargetBytes = std::uint64_t{256} << 10;
inline constexpr std::uint64_t kRangeMostBytes = std::uint64_t{1} << 20;

/// How far ahead of the trainer samples are asked for.
struct Window {
  std::uint64_t samples = 1;
  std::uint64_t bytes = std::uint64_t{256} << 20;
  /// Samples, whatever the other two say: a step that does not fit would wait for ever.
  std::uint64_t at_least = 1;

  [[nodiscard]] std::uint64_t samples_of(const proto::Schema& schema) const {
    return std::max(std::min(samples, bytes / schema.bytes_per_sample()), at_least);
  }
};

/// A power of two: about kRangeTargetBytes, and at most an eighth of the window, so that several
/// producers find work. Where a 16th of the window is more (batches are large), that, up to
/// kRangeMostBytes: every message has its price.
[[nodiscard]] inline std::uint32_t leased_range_samples(const proto::Schema& schema,
                                                        const Window& window) {
  const std::uint64_t sample_bytes = schema.bytes_per_sample();
  const std::uint64_t ahead = window.samples_of(schema);
  const std::uint64_t large = std::min(ahead / 16, kRangeMostBytes / sample_bytes);
  const std::uint64_t usual = std::min(ahead / 8, kRangeTargetBytes / sample_bytes);
  return static_cast<std::uint32_t>(std::bit_floor(std::max<std::uint64_t>({large, usual, 1})));
}

}  // namespace millrace::queue
