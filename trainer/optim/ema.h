// An exponential moving average of the parameters, with a decay that warms up: what is evaluated
// and sampled in place of the parameters themselves (arXiv 1806.04498; the warm-up as in the
// score-based models, arXiv 2011.13456).
//
//     s ← s + (1 − d_n)·(θ − s) after the n-th step,  d_n = min(decay, (1 + n)/(10 + n))
#pragma once

#include <cstdint>

#include "trainer/models/model.h"
#include "trainer/optim/adamw.h"

namespace millrace::trainer {

/// d_n.
[[nodiscard]] double ema_decay(double decay, std::uint64_t n);

class Ema {
 public:
  /// Begins at the parameters, and keeps them; their device and dtype must not change any more.
  Ema(const NamedTensors& parameters, double decay);

  /// 1 − d_n, what the `n`-th step of the run counts, from 1.
  [[nodiscard]] double update_weight(std::uint64_t n) const { return 1.0 - ema_decay(decay_, n); }
  /// After a step that counts this share, a scalar on the parameters' device or the CPU. Where
  /// `left_out`, a scalar on their device, is 1 and not 0, the step changed nothing, nor does this;
  /// undefined: 0.
  void update(const torch::Tensor& share, const torch::Tensor& left_out = {});

  /// The averages under the parameters' names: what a checkpoint holds. They share the average's
  /// memory.
  [[nodiscard]] const NamedTensors& state() const { return state_; }

 private:
  double decay_;
  std::vector<torch::Tensor> parameters_, averages_;
  NamedTensors state_;
};

/// The model has the averages for parameters while this lives. Nobody may train it or update the
/// average meanwhile.
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
