// A group's file on a queue folder: where one training run stands in the stream, and how far ahead
// of it producers should be.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "proto/disk.h"
#include "proto/stage_log.h"
#include "proto/types.h"

namespace millrace::proto {

inline constexpr int kGroupVersion = 1;

/// Samples [cursor, end) of a split are wanted; those below the cursor are used up.
struct SplitWindow {
  std::uint64_t cursor = 0;
  std::uint64_t end = 0;
  bool operator==(const SplitWindow&) const = default;
};

struct Group {
  std::string run_id;
  std::string owner{};          ///< random per process: two that write one file notice each other
  std::uint64_t heartbeat = 0;  ///< grows while the run lives; only its change means something
  std::array<SplitWindow, kSplitCount> windows{};
  StageLog stage_log{};  ///< of train, where the trainer names the stages

  [[nodiscard]] SplitWindow& window(Split split) {
    return windows[static_cast<std::size_t>(split)];
  }
  [[nodiscard]] const SplitWindow& window(Split split) const {
    return windows[static_cast<std::size_t>(split)];
  }
  bool operator==(const Group&) const = default;
};

/// A group's file is longer only by mistake.
inline constexpr std::size_t kMaxGroupBytes = std::size_t{64} << 10;

/// Replaces the file atomically. Throws DiskError with path and reason.
void write_group(const std::filesystem::path& path, const Group& group, Disk& disk = real_disk());
/// Empty for a file that is missing, damaged or of another version, or whose numbers make no sense.
[[nodiscard]] std::optional<Group> read_group(const std::filesystem::path& path,
                                              Disk& disk = real_disk());

}  // namespace millrace::proto
