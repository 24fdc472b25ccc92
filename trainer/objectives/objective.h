// The interface of an objective: the loss Σ sum / Σ weight over the global batch, which training
// minimises. objectives.h lists all that implement it.
#pragma once

#include <map>
#include <string>

#include "trainer/device/device_batch.h"
#include "trainer/models/model.h"
#include "trainer/objectives/logits.h"
#include "trainer/objectives/positions.h"

namespace millrace::trainer {

/// The loss of one micro-batch of B samples, on its device.
struct Loss {
  torch::Tensor sum;  ///< [B], nats, f32 at least; differentiable
  /// [B], i64: `sum` is divided by it once both are summed over the global batch.
  torch::Tensor weight;
  /// Sums by sample, [B], which evaluations report divided by Σ weight. Only with gradients off.
  std::map<std::string, torch::Tensor> metrics;
};

/// Immutable: one objective serves every batch of a run.
class Objective {
 public:
  virtual ~Objective() = default;
  /// The weights [B], i64. Known before the forward pass, so that the ranks can agree on their sum.
  [[nodiscard]] virtual torch::Tensor weight(const DeviceBatch& batch) const = 0;
  /// The positions whose logits the loss needs, bool [B, L], known before the forward pass;
  /// undefined: all of them.
  [[nodiscard]] virtual torch::Tensor loss_positions(const DeviceBatch&) const { return {}; }
  [[nodiscard]] virtual Loss loss(Network& network, const DeviceBatch& batch) const = 0;
  /// The network's input from this batch: its tokens, and the time where the objective has one.
  [[nodiscard]] virtual NetworkInput input(const DeviceBatch& batch) const {
    return batch.at(proto::Role::kInput);
  }
  /// The network's logits at every position of the input, [B, L, N], f32 at least.
  [[nodiscard]] virtual torch::Tensor logits(Network& network, const DeviceBatch& batch) const {
    return at_least_f32(network.forward(input(batch)));
  }

 protected:
  /// loss_positions() by number: those that the loader attached to the batch, else found here. Not
  /// for an objective that needs all positions.
  [[nodiscard]] Positions positions(const DeviceBatch& batch) const {
    const torch::Tensor& input = batch.at(proto::Role::kInput);
    return batch.loss_positions().defined()
               ? Positions(batch.loss_positions(), input.size(0), input.size(1))
               : Positions(loss_positions(batch));
  }
};

}  // namespace millrace::trainer
