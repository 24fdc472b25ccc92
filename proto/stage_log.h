// The stage log: which stage begins at which train sample, for schedules whose stages the trainer
// names (`steps`, `plateau`).
//
// Rank 0 decides it; checkpoints keep it, and producers are told. Entries ascend, the first is at
// sample 0. The log is empty where the stages are part of the stream's function.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proto/types.h"

namespace millrace::proto {

/// Train samples from `first_index` on have `stage`, until the next entry.
struct StageLogEntry {
  std::uint64_t first_index = 0;
  std::uint8_t stage = 0;
  bool operator==(const StageLogEntry&) const = default;
};
using StageLog = std::vector<StageLogEntry>;

/// The stage of a train sample; empty for an empty log.
[[nodiscard]] std::optional<std::uint8_t> stage_at(const StageLog& log, std::uint64_t index);

/// Train samples [first, first + count) cut where the stage changes: ranges of one stage each, in
/// order.
[[nodiscard]] std::vector<Range> cut_at_stages(const StageLog& log, std::uint64_t first,
                                               std::uint32_t count);

/// Whether all samples of the range have the range's stage in the log. Always true for val and
/// test.
[[nodiscard]] bool agrees(const StageLog& log, const Range& range);

}  // namespace millrace::proto
