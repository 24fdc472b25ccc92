// The gradient of one step: Σ sum / Σ weight over the global batch, however it was cut into
// micro-batches and ranks.
#pragma once

#include <map>
#include <memory>
#include <utility>

#include "trainer/data/step_loader.h"
#include "trainer/device/cuda_graph.h"
#include "trainer/device/precision.h"

namespace millrace::trainer {

/// Forward and backward passes of one model, and what they add up to. Where passes are recorded
/// (cuda_graph.h), each micro-batch is copied to a place of its own first, and its chosen positions
/// are filled up to one of a few numbers, each of which has its recording.
class Gradient {
 public:
  /// Model, objective and loss scale outlive this; their tensors stay where they are.
  Gradient(Model& model, const Objective& objective, const Precision& precision,
           const LossScale& loss_scale, GraphFactory record = {});

  /// Leaves the gradient, times the loss scale, in every parameter's grad(), the same on all ranks,
  /// and returns the loss in nats per weight, a scalar on the model's device, which stays where it
  /// is. A rank without samples takes part with zeros. The model must be in training mode for
  /// dropout.
  [[nodiscard]] const torch::Tensor& accumulate(const GlobalBatch& batch, ProcessGroup& ranks);

 private:
  struct Pass {
    DeviceBatch batch;
    std::unique_ptr<CudaGraph> recording;
  };
  void zero();
  void add(const DeviceBatch& batch);
  void add_recorded(const DeviceBatch& batch);

  Model& model_;
  const Objective& objective_;
  Precision precision_;
  const LossScale& loss_scale_;
  GraphFactory record_;
  torch::Tensor weight_, loss_;  ///< scalars
  /// By samples and by room for chosen positions.
  std::map<std::pair<std::int64_t, std::int64_t>, Pass> recorded_;
};

/// The gradients of all parameters, as they lie there.
[[nodiscard]] std::vector<torch::Tensor> gradients_of(const Model& model);

/// The joint 2-norm of tensors of one type and device: a scalar.
[[nodiscard]] torch::Tensor joint_norm(const std::vector<torch::Tensor>& tensors);

/// What tensors of this norm are divided by so that it becomes at most `largest`: f32, at least 1.
/// Undefined for 0: any will do.
[[nodiscard]] torch::Tensor clipping_divisor(const torch::Tensor& norm, double largest);

/// What is known of a step's gradient before it is used. Scalars on the model's device: reading
/// them waits for it.
struct FinishedGradient {
  torch::Tensor norm;        ///< before clipping
  torch::Tensor divisor;     ///< clips it; undefined: nothing does
  torch::Tensor overflowed;  ///< f32, 1: it did in float16, and the loss scale sees to it
  /// F32, 1: the step must change nothing, as the gradient overflowed, or it or the loss is not
  /// finite.
  torch::Tensor left_out;
};

/// Takes the loss scale out of the gradients of all parameters, and adapts it.
[[nodiscard]] FinishedGradient finish_gradient(const Model& model, const torch::Tensor& loss,
                                               LossScale& loss_scale, double largest);

}  // namespace millrace::trainer
