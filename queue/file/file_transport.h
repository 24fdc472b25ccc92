// file://: a queue folder. Producers keep the chunks of every run's window present in it
// (folder_producer_end.cc); the trainer reads them, publishes how far its run is, and deletes what
// no run needs any more (folder_consumer_end.cc). docs/reference/queue_file.md has the format.
#pragma once

#include <filesystem>
#include <memory>

#include "proto/disk.h"
#include "proto/meta.h"
#include "queue/ends/admission.h"
#include "queue/ends/clock.h"
#include "queue/ends/ends.h"
#include "queue/ends/transport.h"

namespace millrace::queue {

[[nodiscard]] Transport file_transport();

/// Creates the folder and writes the meta. Throws DiskError if that fails (a read-only folder). A
/// full disk is no error, here and later: the end logs it once and waits for room. With a timeout
/// of 0 next() looks once, without sleeping.
[[nodiscard]] std::unique_ptr<ProducerEnd> make_folder_producer_end(
    const std::filesystem::path& queue, const proto::StreamMeta& meta, const ProducerPlan& plan,
    proto::Disk& disk = proto::real_disk(), Clock clock = real_time);

/// Creates the folder. Throws std::runtime_error if it cannot be made or read, or holds no stream
/// and cannot be written. Rank 0 alone publishes the run's state and deletes chunks.
/// wait_for_stream() throws std::runtime_error if another process trains this run, DiskError if the
/// stream's folder cannot be written. With a timeout of 0 wait_for_stream() and receive() look
/// once, without sleeping.
[[nodiscard]] std::unique_ptr<ConsumerEnd> make_folder_consumer_end(
    const std::filesystem::path& queue, const Expectation& expected, const ConsumerPlan& plan,
    proto::Disk& disk = proto::real_disk(), Clock clock = real_time);

}  // namespace millrace::queue
