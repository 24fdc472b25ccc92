// An exponential moving average of the parameters, with a decay that warms up (arXiv 1806.04498;
// the warm-up as in score-based models, arXiv 2011.13456). Models are evaluated and sampled with
// it.
//
//     s ← s + (1 − d_n)·(θ − s) after the n-th step,  d_n = min(decay, (1 + n)/(10 + n))
#pragma once

#include <cstdint>

#include "trainer/models/model.h"
#include "trainer/optim/adamw.h"

namespace millrace::trainer {

/// d_n for train.ema = decay.
[[nodiscard]] double ema_decay(double decay, std::uint64_t n);

class Ema {
 public:
  /// Begins at the parameters and refers to their memory: their device and dtype must not change
  /// any more.
  Ema(const NamedTensors& parameters, double decay);

  /// 1 − d_n, the weight of the parameters after the run's n-th step, from 1.
  [[nodiscard]] double update_weight(std::uint64_t n) const { return 1.0 - ema_decay(decay_, n); }
  /// Moves the average towards the parameters by this weight, a scalar on their device or the CPU.
  /// Where `skip`, a scalar on their device, is 1 rather than 0, nothing changes; undefined: 0.
  void update(const torch::Tensor& weight, const torch::Tensor& skip = {});

  /// The tensors that a checkpoint holds: the averages under the parameters' names. They share this
  /// object's memory.
  [[nodiscard]] const NamedTensors& state() const { return state_; }

 private:
  double decay_;
  std::vector<torch::Tensor> parameters_, averages_;
  NamedTensors state_;
};

/// Gives the model the averages as its parameters for the lifetime of this object. Neither may be
/// updated meanwhile.
class EmaWeights {
 public:
  EmaWeights(const Model& model, const Ema& ema);
  ~EmaWeights();
  EmaWeights(const EmaWeights&) = delete;
  EmaWeights& operator=(const EmaWeights&) = delete;

 private:
  std::vector<torch::Tensor> parameters_, trained_;
};

}  // namespace millrace::trainer
