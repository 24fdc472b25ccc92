// The gradient of one step: Σ sum / Σ weight over the global batch, however it was cut into micro-batches and ranks.
#pragma once

#include "trainer/adamw.h"
#include "trainer/feed.h"
#include "trainer/precision.h"

namespace millrace::trainer {

/// The model's parameters under their names, in the model's order.
[[nodiscard]] NamedTensors parameters_of(const Model& model);

/// Leaves `loss_scale` times the gradient in every parameter's grad(), the same on all ranks, and returns the loss in nats per
/// weight. A rank without samples takes part with zeros. The model must be in training mode for dropout.
[[nodiscard]] double accumulate_gradient(Model& model, const Objective& objective, const GlobalBatch& batch,
                                         const Precision& precision, double loss_scale, Ranks& ranks);

/// The gradients of all parameters, which accumulate_gradient left.
[[nodiscard]] std::vector<torch::Tensor> gradients_of(const Model& model);

/// Scales the gradients so that their joint 2-norm is at most `largest` (0: any); returns the norm before. Where that is not
/// finite they are left alone.
[[nodiscard]] double clip(std::vector<torch::Tensor>& gradients, double largest);

struct FinishedGradient {
  double norm = 0.0;   ///< before clipping
  bool usable = true;  ///< false: float16 gradients overflowed, and the step must be left out
};

/// Takes the loss scale out of the gradients that accumulate_gradient left, adapts it, and clips them.
[[nodiscard]] FinishedGradient finish_gradient(const Model& model, LossScale& loss_scale, double largest);

}  // namespace millrace::trainer
