// file://, the producer's side: keeps the chunks of every run's window present.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "proto/disk.h"
#include "proto/meta.h"
#include "proto/stage_log.h"
#include "queue/ends/clock.h"
#include "queue/ends/ends.h"

namespace millrace::queue {

/// What to have ready before a run exists.
struct FolderStock {
  std::array<std::uint64_t, proto::kSplitCount> ahead{};  ///< samples of each split, from 0 on
  /// Of train; not empty where the trainer names the stages.
  proto::StageLog stage_log{};
};

/// Creates the folder and writes the meta; throws DiskError where that fails (a read-only folder),
/// but for a full disk: that is waited for, here and later, and said once. With a timeout of 0
/// next() looks once, without sleeping.
[[nodiscard]] std::unique_ptr<ProducerEnd> make_folder_producer_end(
    const std::filesystem::path& queue, const proto::StreamMeta& meta, const FolderStock& stock,
    proto::Disk& disk = proto::real_disk(), Clock clock = real_time);

}  // namespace millrace::queue
