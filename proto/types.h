// Splits of a dataset, and ranges of a stream's indices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace millrace::proto {

/// A part of the dataset. The values are part of Philox's counter and of messages: never renumber.
enum class Split : std::uint8_t { kTrain = 0, kVal = 1, kTest = 2 };
inline constexpr std::size_t kSplitCount = 3;
inline constexpr Split kSplits[kSplitCount] = {Split::kTrain, Split::kVal, Split::kTest};

/// "train", "val" or "test".
[[nodiscard]] std::string_view to_string(Split split);
[[nodiscard]] std::optional<Split> split_from(std::string_view name);

/// The size of a split that never ends.
inline constexpr std::uint64_t kEndless = std::numeric_limits<std::uint64_t>::max();

/// Stage numbers are one byte on the wire and two in Philox's counter.
inline constexpr std::size_t kMaxStages = 255;

/// Samples [first, first + count) of one split.
struct Range {
  Split split = Split::kTrain;
  std::uint64_t first = 0;
  std::uint32_t count = 0;
  /// The stage of all of them, where the trainer names it; empty where stages are part of the
  /// stream's function.
  std::optional<std::uint8_t> stage;

  [[nodiscard]] std::uint64_t end() const { return first + count; }
  bool operator==(const Range&) const = default;
};

}  // namespace millrace::proto
