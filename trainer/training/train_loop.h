// The training loop of one rank: step, log, evaluate, save.
//
// Every decision is made from numbers that all ranks share, so that all ranks act alike at the same
// step. When a step is launched, the cursor moves and its samples are recorded (run_books.h). It is
// complete once the optimizer has used it, or it was skipped because its loss or gradient was not
// finite (non_finite_steps.h). A checkpoint is saved when all launched steps are complete, so it
// holds a step entirely or not at all.
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

/// The process and device that a rank trains on.
struct TrainContext {
  ProcessGroup& ranks;
  torch::Device device;
  Precision precision;
  telemetry::Monitor& monitor;
  /// Launch step n+1 before reading step n's loss. A step followed by an evaluation, a checkpoint
  /// or the end is waited for. For devices that compute beside the host.
  bool ahead = false;
  GraphFactory make_graph{};  ///< empty: no CUDA graphs
};

/// Trains on `source` from `start` to the recipe's end, or until a rank is asked to stop, which
/// saves a checkpoint first. `record_path`: --record-stream. All arguments outlive the call. Throws
/// as train() does.
void train_on(const config::Options& options, const Start& start, consumer::BatchSource& source,
              const TrainContext& context, const std::optional<std::string>& record_path);

}  // namespace millrace::trainer
