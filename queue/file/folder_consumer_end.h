// file://, the trainer's side: reads the chunks that producers keep present, and says how far the
// run is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "proto/disk.h"
#include "proto/stage_log.h"
#include "queue/ends/admission.h"
#include "queue/ends/clock.h"
#include "queue/ends/ends.h"
#include "queue/ends/range_size.h"
#include "telemetry/registry.h"

namespace millrace::queue {

struct FolderRun {
  /// Names the group; the same for all ranks, and again after a resume.
  std::string run_id;
  bool leads = true;               ///< rank 0 alone writes the group's file and deletes used chunks
  std::uint64_t cursor = 0;        ///< first train sample that is not used yet
  std::uint64_t eval_samples = 0;  ///< val samples of one evaluation; they stay
  Window train_window{};
  proto::StageLog stage_log{};  ///< empty where the stages are part of the stream's function
  telemetry::Registry& registry = telemetry::null_registry();
};

/// wait_for_stream() throws std::runtime_error where another process trains this run, DiskError where the
/// folder cannot be written. With a timeout of 0 wait_for_stream() and take() look once, without sleeping.
[[nodiscard]] std::unique_ptr<ConsumerEnd> make_folder_consumer_end(
    const std::filesystem::path& queue, const Expectation& expected, const FolderRun& run,
    proto::Disk& disk = proto::real_disk(), Clock clock = real_time);

}  // namespace millrace::queue
