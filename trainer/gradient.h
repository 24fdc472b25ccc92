// The gradient of one step: Σ sum / Σ weight over the global batch, however it was cut into micro-batches and ranks.
#pragma once

#include "trainer/adamw.h"
#include "trainer/feed.h"
#include "trainer/precision.h"

namespace millrace::trainer {

/// The model's parameters under their names, in the model's order.
[[nodiscard]] NamedTensors parameters_of(const Model& model);

/// Leaves the gradient, times the loss scale, in every parameter's grad(), the same on all ranks, and returns the loss in nats per
/// weight, a scalar on the model's device. A rank without samples takes part with zeros. The model must be in training mode for
/// dropout.
[[nodiscard]] torch::Tensor accumulate_gradient(Model& model, const Objective& objective, const GlobalBatch& batch,
                                                const Precision& precision, const LossScale& loss_scale, Ranks& ranks);

/// The gradients of all parameters, which accumulate_gradient left.
[[nodiscard]] std::vector<torch::Tensor> gradients_of(const Model& model);

/// The joint 2-norm of tensors of one type and device: a scalar.
[[nodiscard]] torch::Tensor joint_norm(const std::vector<torch::Tensor>& tensors);

/// What tensors of this norm are divided by so that it becomes at most `largest`: f32, at least 1. Undefined for 0: any will do.
[[nodiscard]] torch::Tensor clipping_divisor(const torch::Tensor& norm, double largest);

/// What is known of a step's gradient before it is used. Scalars on the model's device: reading them waits for it.
struct FinishedGradient {
  torch::Tensor norm;        ///< before clipping
  torch::Tensor divisor;     ///< clips it; undefined: nothing does
  torch::Tensor overflowed;  ///< f32, 1: it did in float16, and the loss scale sees to it
  torch::Tensor left_out;    ///< f32, 1: the step must change nothing, as the gradient overflowed, or it or the loss is not finite
};

/// Takes the loss scale out of the gradients that accumulate_gradient left, and adapts it.
[[nodiscard]] FinishedGradient finish_gradient(const Model& model, const torch::Tensor& loss, LossScale& loss_scale,
                                               double largest);

}  // namespace millrace::trainer
