// AdamW (arXiv 1711.05101), or Adam (arXiv 1412.6980), by LibTorch's fused kernels, with its state
// in the open so that it saves by name.
//
//     m ← β1·m + (1−β1)·g;  v ← β2·v + (1−β2)·g²
//     θ ← θ − η·λ·θ − η · (m/(1−β1^t)) / (sqrt(v/(1−β2^t)) + ε)
//
// Adam leaves out θ − η·λ·θ and adds λ·θ to g instead. λ is weight_decay for matrices and 0 for
// gains and biases (fewer than two dimensions), as in nanoGPT.
#pragma once

#include <cstdint>
#include <vector>

#include "trainer/models/parameters.h"

namespace millrace::trainer {

struct AdamWSettings {
  double beta1 = 0.9;
  double beta2 = 0.99;
  double weight_decay = 0.1;
  double epsilon = 1e-8;
  bool decoupled = true;  ///< AdamW; false: Adam
};

class AdamW {
 public:
  /// Keeps the parameters; their device and dtype must not change any more.
  AdamW(const NamedTensors& parameters, const AdamWSettings& settings);

  /// One step down the gradients of all parameters, which must be defined. The learning rate is an
  /// f64 scalar on the CPU, or f32 on the parameters' device. `divisor` divides the gradients
  /// first; where `left_out` is 1 and not 0, nothing changes. Both are f32 scalars on the
  /// parameters' device, or undefined: nothing of the kind.
  void step(const torch::Tensor& learning_rate, const torch::Tensor& divisor = {},
            const torch::Tensor& left_out = {});

  /// "NAME.exp_avg", "NAME.exp_avg_sq" of every parameter and "step": what a checkpoint holds. They
  /// share the optimizer's memory.
  [[nodiscard]] const NamedTensors& state() const { return state_; }

 private:
  struct Group {
    double weight_decay = 0.0;
    std::vector<torch::Tensor> parameters, exp_avgs, exp_avg_sqs, steps;
  };
  void add(const std::string& name, const torch::Tensor& parameter);

  AdamWSettings settings_;
  torch::Tensor step_;  ///< f32 scalar, shared by all parameters
  std::vector<Group> groups_;
  NamedTensors state_;
};

}  // namespace millrace::trainer
