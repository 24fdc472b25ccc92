// The group file of a queue folder: one training run's position in the stream, and how far ahead of
// it producers should compute.
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

/// The window of a split: samples [cursor, end) are wanted, those below the cursor are used.
struct SplitWindow {
  std::uint64_t cursor = 0;
  std::uint64_t end = 0;
  bool operator==(const SplitWindow&) const = default;
};

/// The content of a group file.
struct Group {
  std::string run_id;
  std::string owner{};          ///< random for each process: shows that two write one file
  std::uint64_t heartbeat = 0;  ///< grows while the run lives; only a change has a meaning
  std::array<SplitWindow, kSplitCount> windows{};
  StageLog stage_log{};  ///< empty where the stages are part of the stream's function

  [[nodiscard]] SplitWindow& window(Split split) {
    return windows[static_cast<std::size_t>(split)];
  }
  [[nodiscard]] const SplitWindow& window(Split split) const {
    return windows[static_cast<std::size_t>(split)];
  }
  bool operator==(const Group&) const = default;
};

/// At most this much of a file is read; no group file is longer.
inline constexpr std::size_t kMaxGroupBytes = std::size_t{64} << 10;

/// Replaces the file atomically. Throws DiskError with path and reason.
void write_group(const std::filesystem::path& path, const Group& group, Disk& disk = real_disk());
/// Empty for a file that is missing, damaged, of another version, or has impossible numbers.
[[nodiscard]] std::optional<Group> read_group(const std::filesystem::path& path,
                                              Disk& disk = real_disk());

}  // namespace millrace::proto
