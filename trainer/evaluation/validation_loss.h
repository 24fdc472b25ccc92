// The loss on the first samples of a finite split, overall and per stage, over all ranks.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "trainer/data/step_loader.h"
#include "trainer/device/precision.h"
#include "trainer/run/validation_result.h"

namespace millrace::trainer {

struct ValidationPlan {
  proto::Split split = proto::Split::kVal;
  std::uint64_t samples = 0;  ///< from the split's first sample on, over all ranks
  consumer::BatchSharding sharding;
  Precision precision;
  torch::Device device = torch::kCPU;
};

/// The samples of `eval_iters` micro-batches, or of the whole split if it has fewer. Throws
/// UsageError for a split that the dataset lacks, with the `advice` what to do.
[[nodiscard]] std::uint64_t evaluation_samples(const proto::StreamMeta& meta, proto::Split split,
                                               std::uint64_t eval_iters, std::uint32_t batch_size,
                                               const std::string& advice);

/// Runs the model without dropout or gradients, and leaves it in the mode it was in. Calls `used`
/// with each batch of this rank. Empty: a rank was asked to stop before the end.
[[nodiscard]] std::optional<ValidationResult> measure_validation_loss(
    Model& model, const Objective& objective, const proto::StreamMeta& meta, StepLoader& loader,
    ProcessGroup& ranks, const ValidationPlan& plan,
    const std::function<void(const proto::Batch&)>& used);

}  // namespace millrace::trainer
