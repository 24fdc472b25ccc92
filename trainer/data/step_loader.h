// Loads the micro-batches of one training step, or of one evaluation, on each rank. The ranks wait
// for data together and stop together.
//
// No rank enters a long collective operation while another still waits for data: the ranks
// synchronise every kPatience, or every quarter of their timeout where that is less. So waiting,
// however long, is never mistaken for a dead rank, and a rank that dies meanwhile is noticed at
// once. One thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "consumer/batch_sharding.h"
#include "consumer/batch_source.h"
#include "telemetry/health.h"
#include "trainer/distributed/rank_status.h"
#include "trainer/objectives/objective.h"

namespace millrace::trainer {

inline constexpr std::chrono::milliseconds kPatience{2000};

/// One micro-batch: its bytes as they came, and as tensors.
struct MicroBatch {
  proto::Batch wire;
  DeviceBatch wide;     ///< on the device, with the objective's loss positions
  double weight = 0.0;  ///< Σ weight of its samples
};

/// One rank's part of a global batch.
struct GlobalBatch {
  std::vector<MicroBatch> micro_batches;  ///< may be empty where ranks outnumber samples
  double weight = 0.0;                    ///< Σ weight over all ranks
  bool save_requested = false;            ///< a rank was asked meanwhile to save after this step
};

class StepLoader {
 public:
  /// All arguments outlive this.
  StepLoader(consumer::BatchSource& source, const Objective& objective, ProcessGroup& ranks,
             torch::Device device, telemetry::Health& health = telemetry::null_health());

  /// Waits for all slices of this rank. Empty: a rank was asked to stop, and all ranks get that
  /// answer. Throws what the source throws; the other ranks then throw that one failed.
  [[nodiscard]] std::optional<GlobalBatch> step(const std::vector<consumer::Slice>& slices);

  /// Calls `use` on one slice after the other. False: a rank was asked to stop before all ranks
  /// were done.
  [[nodiscard]] bool each(proto::Split split, const std::vector<consumer::Slice>& slices,
                          const std::function<void(const MicroBatch&)>& use);

  /// Time spent waiting for data since the last call, ms.
  [[nodiscard]] double take_waited_ms();

 private:
  [[nodiscard]] MicroBatch prepare(proto::Batch wire) const;
  [[nodiscard]] std::optional<MicroBatch> get(proto::Split split, const consumer::Slice& slice,
                                              std::chrono::milliseconds timeout);

  consumer::BatchSource& source_;
  const Objective& objective_;
  ProcessGroup& ranks_;
  CopyStream to_device_;
  telemetry::Health& health_;
  std::chrono::milliseconds patience_;
  double waited_ms_ = 0.0;
};

}  // namespace millrace::trainer
