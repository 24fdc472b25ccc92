// Looking up stages in a stage log.
#include "proto/stage_log.h"

#include <algorithm>
#include <iterator>

namespace millrace::proto {
namespace {

/// The first entry behind `index`.
StageLog::const_iterator next_change(const StageLog& log, std::uint64_t index) {
  return std::upper_bound(
      log.begin(), log.end(), index,
      [](std::uint64_t at, const StageLogEntry& entry) { return at < entry.first_index; });
}

}  // namespace

std::optional<std::uint8_t> stage_at(const StageLog& log, std::uint64_t index) {
  const auto next = next_change(log, index);
  if (next == log.begin()) return std::nullopt;
  return std::prev(next)->stage;
}

std::vector<Range> cut_at_stages(const StageLog& log, std::uint64_t first, std::uint32_t count) {
  std::vector<Range> pieces;
  const std::uint64_t end = first + count;
  while (first < end) {
    const auto next = next_change(log, first);
    const std::uint64_t until = next == log.end() ? end : std::min(end, next->first_index);
    pieces.push_back(
        {Split::kTrain, first, static_cast<std::uint32_t>(until - first), stage_at(log, first)});
    first = until;
  }
  return pieces;
}

bool agrees(const StageLog& log, const Range& range) {
  if (range.split != Split::kTrain) return true;
  const std::vector<Range> pieces = cut_at_stages(log, range.first, range.count);
  return std::ranges::all_of(pieces,
                             [&](const Range& piece) { return piece.stage == range.stage; });
}

}  // namespace millrace::proto
