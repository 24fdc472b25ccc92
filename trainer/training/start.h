// The common start of all ranks: rank 0 looks for a checkpoint and tells the others what it found,
// and all ranks must see the same stream.
#pragma once

#include "consumer/batch_sharding.h"
#include "consumer/batch_source.h"
#include "proto/checkpoint.h"
#include "telemetry/monitor.h"
#include "trainer/checkpoint/resume.h"
#include "trainer/device/precision.h"
#include "trainer/distributed/process_group.h"
#include "trainer/run/out_dir_lock.h"

namespace millrace::trainer {

/// What the ranks of a run must have in common before it starts: the keys of the recipe that have
/// an effect on more than one rank's own process, with the precision that train.dtype stands for,
/// and the build. Where the data lies is not among it: the streams are compared by their
/// fingerprints.
[[nodiscard]] RunFacts run_facts(const config::Options& options, const Precision& precision);

struct Start {
  bool resumed = false;
  proto::TrainerState state;     ///< the checkpoint's; of a new run without meta
  std::filesystem::path folder;  ///< the checkpoint's; on rank 0 alone, the only one that reads it
  std::shared_ptr<const OutDirLock> out_dir;  ///< held while this lives; on rank 0 alone
};

/// Takes the output folder, and finds the checkpoint that `request` asks for, or the start of a new
/// run; the same on all ranks. Throws UsageError on all ranks where rank 0 refuses the request.
[[nodiscard]] Start agree_on_start(const config::Options& options, const ResumeRequest& request,
                                   ProcessGroup& ranks);

/// Waits for this rank's stream, which `monitor` then shows. Empty: a rank was asked to stop
/// meanwhile. Throws std::runtime_error where the ranks see different streams.
[[nodiscard]] std::unique_ptr<consumer::BatchSource> open_same_stream(
    const config::Options& options, const Start& start, ProcessGroup& ranks,
    telemetry::Monitor& monitor);

/// Rank 0's StreamMeta::epoch_samples, on all ranks: producers of several builds may differ in
/// whether they have it.
[[nodiscard]] std::optional<std::uint64_t> agreed_epoch_samples(const proto::StreamMeta& meta,
                                                                ProcessGroup& ranks);

/// How a global batch of the recipe is cut, and which part of it is this rank's.
[[nodiscard]] consumer::BatchSharding sharding_of(const config::TrainOptions& train,
                                                  const ProcessGroup& ranks);

}  // namespace millrace::trainer
