// What the objectives in continuous time share: noise σ(t), a network that is told σ(t), and every
// position of the target as weight.
#pragma once

#include <memory>
#include <utility>

#include "trainer/objectives/noise.h"
#include "trainer/objectives/objective.h"
#include "trainer/objectives/positions.h"

namespace millrace::trainer {

/// Needs input, target and time. Immutable.
class ContinuousTimeObjective : public Objective {
 public:
  torch::Tensor weight(const DeviceBatch& batch) const override {
    return lengths_of(batch.at(proto::Role::kTarget));
  }

  NetworkInput input(const DeviceBatch& batch) const override {
    return {batch.at(proto::Role::kInput), noise_->total(batch.at(proto::Role::kTime))};
  }

 protected:
  explicit ContinuousTimeObjective(std::shared_ptr<const Noise> noise) : noise_(std::move(noise)) {}

  /// σ'(t) of each sample: [B].
  [[nodiscard]] torch::Tensor rate(const DeviceBatch& batch) const {
    return noise_->rate(batch.at(proto::Role::kTime));
  }

 private:
  std::shared_ptr<const Noise> noise_;
};

}  // namespace millrace::trainer
