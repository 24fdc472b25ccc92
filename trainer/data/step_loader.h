// Brings the micro-batches of one step, or of one evaluation, to the ranks: waits for data
// together, stops together.
//
// No rank enters a long collective operation while another still waits for data: every kPatience,
// or a quarter of the ranks' timeout where that is less, they agree again. So waiting, however
// long, is never mistaken for a dead rank, and a rank that dies meanwhile is missed at once. The
// source says what it waits for. One thread.
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

/// One micro-batch, as it came and as it is used: on the device, with the positions that the
/// objective chooses.
struct MicroBatch {
  proto::Batch wire;
  DeviceBatch wide;
  double weight = 0.0;  ///< Σ weight of its samples
};

/// A rank's part of one global batch.
struct GlobalBatch {
  std::vector<MicroBatch> micro_batches;  ///< may be empty where ranks outnumber samples
  double weight = 0.0;                    ///< Σ weight over all ranks
};

class StepLoader {
 public:
  StepLoader(consumer::BatchSource& source, const Objective& objective, ProcessGroup& ranks,
             torch::Device device, telemetry::Health& health = telemetry::null_health());

  /// All slices of this rank. Empty: a rank was asked to stop; all ranks get that answer then.
  /// Throws what the source throws, and on the other ranks that one failed.
  [[nodiscard]] std::optional<GlobalBatch> step(const std::vector<consumer::Slice>& slices);

  /// Hands the slices to `use` one after the other; false where a rank was asked to stop before all
  /// ranks were through.
  [[nodiscard]] bool each(proto::Split split, const std::vector<consumer::Slice>& slices,
                          const std::function<void(const MicroBatch&)>& use);

  /// Time spent waiting for data since it was last asked, ms.
  [[nodiscard]] double take_waited_ms();

 private:
  [[nodiscard]] MicroBatch made_ready(proto::Batch wire) const;
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
