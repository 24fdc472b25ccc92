// AdamW (arXiv 1711.05101), or Adam (arXiv 1412.6980), by LibTorch's fused kernels. Its state is
// open to checkpoints, by name.
//
//     m ← β1·m + (1−β1)·g;  v ← β2·v + (1−β2)·g²
//     θ ← θ − η·λ·θ − η · (m/(1−β1^t)) / (sqrt(v/(1−β2^t)) + ε)
//
// Adam has no η·λ·θ, and adds λ·θ to g instead. λ is weight_decay for parameters of two or more
// dimensions, and 0 for the others (biases and LayerNorm weights), as in nanoGPT.
#pragma once

#include <cstdint>
#include <vector>

#include "trainer/models/parameters.h"

namespace millrace::trainer {

struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.99;
  double weight_decay = 0.1;
  double epsilon = 1e-8;
  bool decoupled = true;  ///< AdamW; false: Adam
};

class AdamW {
 public:
  /// Refers to the parameters' memory: their device and dtype must not change any more.
  AdamW(const NamedTensors& parameters, const AdamWOptions& options);

  /// One update from the gradients of all parameters, which must be defined. The learning rate is
  /// an f64 scalar on the CPU, or an f32 scalar on the parameters' device. The other two are f32
  /// scalars on the parameters' device: the gradients are divided by `grad_divisor` first, and
  /// nothing changes where `skip` is 1 rather than 0. Undefined stands for 1, and for 0.
  void step(const torch::Tensor& learning_rate, const torch::Tensor& grad_divisor = {},
            const torch::Tensor& skip = {});

  /// The tensors that a checkpoint holds: "NAME.exp_avg" and "NAME.exp_avg_sq" of every parameter,
  /// and "step". They share the optimizer's memory.
  [[nodiscard]] const NamedTensors& state() const { return state_; }

 private:
  struct Group {
    double weight_decay = 0.0;
    std::vector<torch::Tensor> parameters, exp_avgs, exp_avg_sqs, steps;
  };
  void add(const std::string& name, const torch::Tensor& parameter);

  AdamWOptions options_;
  torch::Tensor step_;  ///< f32 scalar, shared by all parameters
  std::vector<Group> groups_;
  NamedTensors state_;
};

}  // namespace millrace::trainer
