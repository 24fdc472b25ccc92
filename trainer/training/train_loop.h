// The training loop of one rank: learning rate, data, forward/backward, clip, step, log, evaluate,
// checkpoint.
//
// Every decision is made from numbers that all ranks share, so that all act alike at the same step.
// A step is complete once the optimizer has used it, or it was left out as bad
// (non_finite_steps.h): then the cursor moves, its samples are recorded, and a checkpoint holds all
// of it or nothing.
#pragma once

#include <optional>
#include <string>

#include "config/options.h"
#include "consumer/batch_source.h"
#include "telemetry/monitor.h"
#include "trainer/device/cuda_graph.h"
#include "trainer/device/precision.h"
#include "trainer/distributed/process_group.h"
#include "trainer/training/start.h"

namespace millrace::trainer {

/// Where a rank trains.
struct TrainContext {
  ProcessGroup& ranks;
  torch::Device device;
  Precision precision;
  telemetry::Monitor& watch;
  /// Each step is given to the device before the numbers of the one before it are there, and told
  /// of once they are; but for those after which something is due, nothing else changes. For
  /// devices that compute beside the host.
  bool ahead = false;
  GraphFactory record{};
};

/// Trains on `source` from `start` to the recipe's end, or until a rank is asked to stop, which
/// saves a checkpoint first. All arguments outlive it. Throws as train() does.
void train_on(const config::Options& options, const Start& start, consumer::BatchSource& source,
              const TrainContext& place, const std::optional<std::string>& record_path);

}  // namespace millrace::trainer
