// The base of the objectives in continuous time: a noise schedule, a network that gets σ(t) as its
// time, and the target's length as the weight.
#pragma once

#include <memory>
#include <utility>

#include "trainer/objectives/noise.h"
#include "trainer/objectives/objective.h"
#include "trainer/objectives/positions.h"

namespace millrace::trainer {

/// Needs input, target and time.
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

  /// σ'(t) of each sample, [B].
  [[nodiscard]] torch::Tensor rate(const DeviceBatch& batch) const {
    return noise_->rate(batch.at(proto::Role::kTime));
  }

 private:
  std::shared_ptr<const Noise> noise_;
};

}  // namespace millrace::trainer
