// The chunks that runs need (chunk_plan.h).
#include "queue/file/chunk_plan.h"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "proto/stage_log.h"

namespace millrace::queue {
namespace {

/// The stages of samples [first, end) of the split in this run.
std::set<std::optional<std::uint8_t>> stages(const proto::Group& group, proto::Split split,
                                             std::uint64_t first, std::uint64_t end) {
  if (split != proto::Split::kTrain) return {std::nullopt};
  std::set<std::optional<std::uint8_t>> found;
  for (const proto::Range& piece :
       proto::cut_at_stages(group.stage_log, first, static_cast<std::uint32_t>(end - first))) {
    found.insert(piece.stage);
  }
  return found;
}

}  // namespace

ChunkPlan::ChunkPlan(const proto::StreamMeta& meta)
    : chunk_samples_(proto::chunk_samples(meta.schema)) {
  for (const proto::Split split : proto::kSplits) {
    sizes_[static_cast<std::size_t>(split)] = meta.size(split);
  }
}

proto::Range ChunkPlan::chunk(proto::Split split, const proto::ChunkKey& key) const {
  const std::uint64_t count =
      std::min<std::uint64_t>(chunk_samples_, sizes_[static_cast<std::size_t>(split)] - key.first);
  return {split, key.first, static_cast<std::uint32_t>(count), key.stage};
}

proto::Range ChunkPlan::chunk_around(const proto::Range& range) const {
  const proto::Range whole =
      chunk(range.split, {range.first / chunk_samples_ * chunk_samples_, range.stage});
  if (range.count == 0 || range.end() > whole.end()) {
    throw std::logic_error("a range from sample " + std::to_string(range.first) + " to " +
                           std::to_string(range.end()) + " does not lie in one chunk of " +
                           std::to_string(chunk_samples_));
  }
  return whole;
}

std::vector<proto::Range> ChunkPlan::wanted(const proto::Group& group, proto::Split split) const {
  const proto::SplitWindow& window = group.window(split);
  const std::uint64_t start = window.cursor / chunk_samples_ * chunk_samples_;
  const std::uint64_t end = std::min({window.end, sizes_[static_cast<std::size_t>(split)],
                                      start + kMaxChunksAhead * chunk_samples_});
  std::vector<proto::Range> chunks;
  for (std::uint64_t first = start; first < end; first += chunk_samples_) {
    const std::uint64_t used_from = std::max(first, window.cursor);
    const std::uint64_t used_until = std::min(first + chunk_samples_, end);
    for (const auto stage : stages(group, split, used_from, used_until)) {
      chunks.push_back(chunk(split, {first, stage}));
    }
  }
  return chunks;
}

bool ChunkPlan::may_need(const proto::Group& group, const proto::ChunkKey& key) const {
  const std::uint64_t from = std::max(key.first, group.window(proto::Split::kTrain).cursor);
  const std::uint64_t end = key.first + chunk_samples_;
  return from < end && stages(group, proto::Split::kTrain, from, end).contains(key.stage);
}

}  // namespace millrace::queue
