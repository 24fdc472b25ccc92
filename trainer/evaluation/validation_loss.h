// The loss on the first samples of a finite split, overall and per stage, over all ranks together.
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
  std::uint64_t samples = 0;  ///< the first so many of the split, over all ranks
  consumer::BatchSharding deal;
  Precision precision;
  torch::Device device = torch::kCPU;
};

/// eval_iters micro-batches, clamped to the split's size. Throws UsageError for a split that the
/// dataset lacks.
[[nodiscard]] std::uint64_t evaluation_samples(const proto::StreamMeta& meta, proto::Split split,
                                               std::uint64_t eval_iters, std::uint32_t batch_size);

/// Runs the model without dropout or gradients; it is left in the mode it was in. `used` sees each
/// batch of this rank. Empty: a rank was asked to stop before the end.
[[nodiscard]] std::optional<ValidationResult> evaluate(
    Model& model, const Objective& objective, const proto::StreamMeta& meta, StepLoader& feed,
    ProcessGroup& ranks, const ValidationPlan& plan,
    const std::function<void(const proto::Batch&)>& used);

}  // namespace millrace::trainer
