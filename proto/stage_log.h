// The stage log: from which train sample on which stage holds, where the trainer names the stages
// (schedules `steps`, `plateau`).
//
// Rank 0 alone decides it; it is kept in checkpoints and published to producers. Ascending, the
// first entry at sample 0; an empty log stands for a stream whose stages are part of its function.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proto/types.h"

namespace millrace::proto {

/// From train sample `first_index` on the stream is at `stage`.
struct StageLogEntry {
  std::uint64_t first_index = 0;
  std::uint8_t stage = 0;
  bool operator==(const StageLogEntry&) const = default;
};
using StageLog = std::vector<StageLogEntry>;

/// The stage that the log names for a train sample; empty for an empty log.
[[nodiscard]] std::optional<std::uint8_t> stage_at(const StageLog& log, std::uint64_t index);

/// Train samples [first, first + count) as ranges of one stage each, in order: no range straddles a
/// change.
[[nodiscard]] std::vector<Range> cut_at_stages(const StageLog& log, std::uint64_t first,
                                               std::uint32_t count);

/// Whether the log names the range's stage for all of its samples. True of any range of val and
/// test.
[[nodiscard]] bool agrees(const StageLog& log, const Range& range);

}  // namespace millrace::proto
