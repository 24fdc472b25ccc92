// The training step of one rank, and all that it changes: the parameters, the optimizer's state,
// their moving average, and the loss scale.
//
// One step takes one global batch, cut into micro-batches and dealt to ranks. The gradient is
// Σ sum / Σ weight over the global batch, so it does not depend on how the batch was cut. A step
// waits for nothing that the device computes: the device itself skips an update without a finite
// loss and gradient (non_finite_steps.h), and the host reads the numbers when it needs them. So
// step n+1 can be launched before step n is done, and the passes can be captured as CUDA graphs
// (pass_runner.h). One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "config/options.h"
#include "proto/meta.h"
#include "trainer/data/step_loader.h"
#include "trainer/device/device_scalars.h"
#include "trainer/device/precision.h"
#include "trainer/distributed/process_group.h"
#include "trainer/objectives/objective.h"
#include "trainer/optim/adamw.h"
#include "trainer/optim/ema.h"
#include "trainer/training/pass_runner.h"

namespace millrace::trainer {

/// The numbers of a step; the same on all ranks.
struct StepNumbers {
  double learning_rate = 0.0;
  double loss = 0.0;       ///< nats per weight
  double grad_norm = 0.0;  ///< before clipping
  /// A float16 gradient overflowed: the update was skipped and the loss scale halved.
  bool overflowed = false;

  /// The update was skipped for another reason: the loss or the gradient is not finite.
  [[nodiscard]] bool non_finite() const;
};

/// A step that was launched on the device and may still run there.
class PendingStep {
 public:
  PendingStep(double learning_rate, DeviceScalars scalars)
      : learning_rate_(learning_rate), scalars_(std::move(scalars)) {}
  /// Waits until the step is done.
  [[nodiscard]] StepNumbers numbers() const;

 private:
  double learning_rate_;
  DeviceScalars scalars_;  ///< loss, gradient norm, overflowed
};

class TrainStep {
 public:
  /// Initialises the model with train.seed, the same on every rank. `options` and `ranks` outlive
  /// this. With `make_graph` the passes are captured as CUDA graphs.
  TrainStep(const config::Options& options, const proto::StreamMeta& meta, torch::Device device,
            const Precision& precision, ProcessGroup& ranks, GraphFactory make_graph = {});

  TrainStep(const TrainStep&) = delete;
  TrainStep& operator=(const TrainStep&) = delete;

  /// Launches the step that follows `completed` steps of a run with this seed. The model must be in
  /// training mode.
  [[nodiscard]] PendingStep run(const GlobalBatch& batch, std::uint64_t completed,
                                std::uint64_t seed);

  /// The first half of run(): forward and backward, and the sum over the ranks. Leaves the gradient
  /// times the loss scale in every parameter's grad(), and returns the loss in nats per weight, a
  /// scalar on the device; both are the same on all ranks. A rank without samples adds zeros.
  const torch::Tensor& compute_gradient(const GlobalBatch& batch);

  /// Copies rank 0's parameters, optimizer state and moving average to all ranks.
  void broadcast_parameters();

  [[nodiscard]] Model& model() { return *model_; }
  [[nodiscard]] const Objective& objective() const { return *objective_; }
  [[nodiscard]] AdamW& optimizer() { return optimizer_; }
  /// Null where train.ema is 0.
  [[nodiscard]] const Ema* ema() const { return ema_ ? &*ema_ : nullptr; }
  [[nodiscard]] LossScale& loss_scale() { return loss_scale_; }

 private:
  void zero_gradient();
  void forward_backward(const DeviceBatch& batch);
  void update_parameters();

  const config::TrainOptions& train_;
  ProcessGroup& ranks_;
  Precision precision_;
  std::shared_ptr<Model> model_;
  std::unique_ptr<Objective> objective_;
  AdamW optimizer_;
  std::optional<Ema> ema_;
  LossScale loss_scale_;
  PassRunner runner_;

  // Scalars on the device. They stay where they are, since graphs read and write them there.
  torch::Tensor learning_rate_;  ///< f64 on a CPU, else f32: as AdamW takes it
  torch::Tensor ema_weight_;     ///< Ema::update_weight of this step
  torch::Tensor total_weight_;   ///< Σ weight over the global batch
  torch::Tensor loss_, grad_norm_, overflowed_;
};

/// The gradients of all parameters, sharing their memory.
[[nodiscard]] std::vector<torch::Tensor> gradients_of(const Model& model);

/// The 2-norm of all tensors together: a scalar. They have one dtype and device.
[[nodiscard]] torch::Tensor joint_norm(const std::vector<torch::Tensor>& tensors);

/// Divides a gradient of this norm so that its norm becomes at most `max_norm`: f32, at least 1.
/// Undefined for max_norm 0: no clipping.
[[nodiscard]] torch::Tensor clip_divisor(const torch::Tensor& norm, double max_norm);

/// A step's gradient after unscaling. Scalars on the device: reading one waits for it.
struct UnscaledGradient {
  torch::Tensor norm;          ///< before clipping
  torch::Tensor clip_divisor;  ///< undefined: no clipping
  torch::Tensor overflowed;    ///< f32; 1: a float16 gradient overflowed
  /// F32; 1: the step must change nothing, because the gradient overflowed, or the loss or the
  /// gradient is not finite.
  torch::Tensor skip;
};

/// Divides all gradients by the loss scale, in place, and adapts the scale.
[[nodiscard]] UnscaledGradient unscale_gradient(const Model& model, const torch::Tensor& loss,
                                                LossScale& loss_scale, double max_norm);

}  // namespace millrace::trainer
