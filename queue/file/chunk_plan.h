// The chunks that the runs on a queue folder need: one rule for computing, reading and deleting
// them.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "proto/chunk_file.h"
#include "proto/group_file.h"
#include "proto/meta.h"

namespace millrace::queue {

/// The most chunks of a split that a run gets, whatever its file says: about 128 GiB.
inline constexpr std::uint64_t kMaxChunksAhead = std::uint64_t{1} << 17;

class ChunkPlan {
 public:
  explicit ChunkPlan(const proto::StreamMeta& meta);

  /// Samples of a chunk, except for the last one of a finite split.
  [[nodiscard]] std::uint32_t chunk_samples() const { return chunk_samples_; }

  /// The chunk that contains a range, at the range's stage. Throws std::logic_error for a range
  /// that no single chunk contains.
  [[nodiscard]] proto::Range chunk_around(const proto::Range& range) const;

  /// The chunks of a run's window, in order. A train chunk in which the stage changes is wanted at
  /// each of its stages, with all its samples.
  [[nodiscard]] std::vector<proto::Range> wanted(const proto::Group& group,
                                                 proto::Split split) const;

  /// Whether a run may still read this train chunk, in its window or beyond.
  [[nodiscard]] bool may_need(const proto::Group& group, const proto::ChunkKey& key) const;

 private:
  [[nodiscard]] proto::Range chunk(proto::Split split, const proto::ChunkKey& key) const;

  std::uint32_t chunk_samples_;
  std::array<std::uint64_t, proto::kSplitCount> sizes_{};
};

}  // namespace millrace::queue
