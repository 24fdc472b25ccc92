// What is minimised: Σ sum / Σ weight over the global batch. One file per objective; all are listed
// in objectives.cc.
#pragma once

#include <map>
#include <string>

#include "trainer/device/device_batch.h"
#include "trainer/models/model.h"
#include "trainer/objectives/logits.h"
#include "trainer/objectives/positions.h"

namespace millrace::trainer {

/// Of one micro-batch of B samples, on its device.
struct Loss {
  torch::Tensor sum;  ///< [B], nats, f32 at least; differentiable
  /// [B], i64: what `sum` is divided by once both are summed over the global batch.
  torch::Tensor weight;
  /// [B] sums, reported divided by Σ weight; only where no gradient is asked for.
  std::map<std::string, torch::Tensor> metrics;
};

class Objective {
 public:
  virtual ~Objective() = default;
  /// The weights [B], i64, known before the forward pass, so that the ranks can agree on their sum.
  [[nodiscard]] virtual torch::Tensor weight(const DeviceBatch& batch) const = 0;
  /// The positions whose logits the loss asks for, bool [B, L], known before the forward pass;
  /// undefined: all.
  [[nodiscard]] virtual torch::Tensor loss_positions(const DeviceBatch&) const { return {}; }
  [[nodiscard]] virtual Loss loss(Network& network, const DeviceBatch& batch) const = 0;
  /// What the network is given of the batch: its input, and the time where the objective tells it.
  [[nodiscard]] virtual NetworkInput input(const DeviceBatch& batch) const {
    return batch.at(proto::Role::kInput);
  }
  /// What the network says of every position of the input, [B, L, N], f32 at least.
  [[nodiscard]] virtual torch::Tensor logits(Network& network, const DeviceBatch& batch) const {
    return at_least_f32(network.forward(input(batch)));
  }

 protected:
  /// Those of an objective that chooses some: as they came with the batch, else they are found
  /// here.
  [[nodiscard]] Positions positions(const DeviceBatch& batch) const {
    const torch::Tensor& input = batch.at(proto::Role::kInput);
    return batch.loss_positions().defined()
               ? Positions(batch.loss_positions(), input.size(0), input.size(1))
               : Positions(loss_positions(batch));
  }
};

}  // namespace millrace::trainer
