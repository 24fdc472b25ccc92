// One rank's model and all that a step changes of it: the optimizer's state, the average, the loss
// scale.
//
// A step waits for nothing that the device computes: a bad one (non_finite_steps.h) is left out
// there, and its numbers are read when they are needed. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "config/options.h"
#include "proto/meta.h"
#include "trainer/data/step_loader.h"
#include "trainer/device/cuda_graph.h"
#include "trainer/device/device_scalars.h"
#include "trainer/device/precision.h"
#include "trainer/distributed/process_group.h"
#include "trainer/objectives/objective.h"
#include "trainer/optim/adamw.h"
#include "trainer/optim/ema.h"
#include "trainer/training/gradient.h"

namespace millrace::trainer {

/// What is to be known of a step once it is done; the same on all ranks.
struct StepNumbers {
  double loss = 0.0;       ///< nats per weight
  double grad_norm = 0.0;  ///< before clipping
  /// The gradient, in float16: the step was left out and the loss scale halved.
  bool overflowed = false;

  /// The step was left out, and nobody knows of a remedy.
  [[nodiscard]] bool bad() const;
};

/// A step that the device was given.
class TakenStep {
 public:
  explicit TakenStep(DeviceScalars numbers) : numbers_(std::move(numbers)) {}
  /// Waits until it is done.
  [[nodiscard]] StepNumbers numbers() const;

 private:
  DeviceScalars numbers_;
};

class Learner {
 public:
  /// Begins with the recipe's seed. Options and ranks outlive this. With `record` the passes over
  /// micro-batches, and all that follows the sum over the ranks, are recorded.
  Learner(const config::Options& options, const proto::StreamMeta& meta, torch::Device device,
          const Precision& precision, ProcessGroup& ranks, const GraphFactory& record = {});

  Learner(const Learner&) = delete;
  Learner& operator=(const Learner&) = delete;

  /// Forward, backward, the sum over the ranks, clip, optimizer, average: the step that follows
  /// `completed` steps of the run with this seed. The model must be in training mode.
  [[nodiscard]] TakenStep step(const GlobalBatch& batch, std::uint64_t completed,
                               std::uint64_t seed);

  [[nodiscard]] Model& model() { return *model_; }
  [[nodiscard]] const Objective& objective() const { return *objective_; }
  [[nodiscard]] AdamW& optimizer() { return optimizer_; }
  /// Null where the recipe keeps none.
  [[nodiscard]] const Ema* ema() const { return ema_ ? &*ema_ : nullptr; }
  [[nodiscard]] LossScale& loss_scale() { return loss_scale_; }

  /// Every tensor that a step changes, of which a checkpoint holds the values: rank 0's, on all
  /// ranks.
  void share();

 private:
  void update();

  const config::TrainOptions& train_;
  ProcessGroup& ranks_;
  std::shared_ptr<Model> model_;
  std::unique_ptr<Objective> objective_;
  AdamW optimizer_;
  std::optional<Ema> ema_;
  LossScale loss_scale_;
  Gradient gradient_;
  std::unique_ptr<CudaGraph> update_;  ///< null: not recorded
  /// Scalars: the learning rate, and what the step counts in the average.
  torch::Tensor rate_, share_;
  torch::Tensor loss_, norm_, overflowed_;
};

}  // namespace millrace::trainer
