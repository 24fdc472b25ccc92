// How the ranks begin: rank 0 looks for a checkpoint, all hear what it found, and all must see the
// same stream.
#pragma once

#include "consumer/batch_sharding.h"
#include "consumer/batch_source.h"
#include "proto/checkpoint.h"
#include "telemetry/monitor.h"
#include "trainer/checkpoint/resume.h"
#include "trainer/distributed/process_group.h"

namespace millrace::trainer {

struct Start {
  bool resumed = false;
  proto::TrainerState state;     ///< without meta where not resumed
  std::filesystem::path folder;  ///< of the checkpoint; on rank 0 alone, the only one that reads it
};

/// Throws UsageError on all ranks where rank 0 refuses the request.
[[nodiscard]] Start agree_on_start(const config::Options& options, const ResumeRequest& request,
                                   ProcessGroup& ranks);

/// Opens the stream of this rank, seen through `watch`. Empty: a rank was asked to stop meanwhile.
/// Throws std::runtime_error where the ranks see different streams.
[[nodiscard]] std::unique_ptr<consumer::BatchSource> open_same_stream(
    const config::Options& options, const Start& start, ProcessGroup& ranks,
    telemetry::Monitor& watch);

/// StreamMeta::epoch_samples as rank 0 met it: where producers are of several builds, not each says
/// it.
[[nodiscard]] std::optional<std::uint64_t> agreed_epoch_samples(const proto::StreamMeta& meta,
                                                                ProcessGroup& ranks);

/// The recipe's part of a step for one rank.
[[nodiscard]] consumer::BatchSharding deal_of(const config::TrainOptions& train,
                                              const ProcessGroup& ranks);

}  // namespace millrace::trainer
