// Upper bounds on −ln p(text), window by window, for evaluations. The loss of a training step is
// one draw of a time for each sample; here each window gets several draws of fresh noise, with
// times spread evenly.
//
//     continuous (sedd, mdlm)
//         (1 − ε_s) · mean of the loss over draws of t in (ε_s, 1]; t < ε_s is left out.
//         Over the uniform graph, plus KL(p(x_1 | x_0) ‖ uniform).
//     T steps (d3pm, or an absorbing objective on a grid of T times; arXiv 2107.03006, section 3,
//     and 2406.07524, equation 7)
//         CE(t_1) + Σ_{i=2…T} w_i · E Σ_{j : x_j = m} −ln p(x_0,j | x),   x at time t_i,
//         w_i = (α_{i−1} − α_i)/(1 − α_i),   α_i = e^(−σ(t_i)).
//         The sum over i is T − 1 times the mean over draws of i; t_1 has a draw of its own.
//     exact (ar)
//         the loss
//
// A grid has t_i = i/T; its last step, from t_1, reveals all tokens that are still masked. D3PM's
// own grid is τ = 1 … T with α = 1 − τ/T, so w_i = 1/τ; a coarser one takes the nearest of these
// times. CE counts all positions for D3PM, whose last step predicts all of them; for SUBS and SEDD,
// which copy visible tokens, it counts the masked ones. For sedd p is the normalised scores. Test:
// tests/trainer/evaluation/nll_bound_test.cc.
#pragma once

#include <memory>

#include "trainer/evaluation/eval_noise.h"
#include "trainer/objectives/noise.h"
#include "trainer/objectives/objective.h"

namespace millrace::trainer {

struct ContinuousTime {
  std::shared_ptr<const Noise> noise;
  double sampling_eps = 1e-3;  ///< ε_s
};

class NllBound {
 public:
  virtual ~NllBound() = default;
  /// The NLL of each window of the batch, or its bound: nats, f64 [B] on the CPU. The batch begins
  /// with window `first` of the evaluation.
  [[nodiscard]] virtual torch::Tensor nll(Network& network, const DeviceBatch& batch,
                                          std::uint64_t first) const = 0;
};

// The objective must outlive a bound.

[[nodiscard]] std::unique_ptr<NllBound> make_exact(const Objective& objective);
[[nodiscard]] std::unique_ptr<NllBound> make_continuous_bound(const Objective& objective,
                                                              const ContinuousTime& time,
                                                              const EvalNoise& noise);
/// In at least one step. `noise` must have a mask.
[[nodiscard]] std::unique_ptr<NllBound> make_steps_bound(const Objective& objective,
                                                         const ContinuousTime& time,
                                                         const EvalNoise& noise,
                                                         std::int64_t steps);
/// In `steps` of D3PM's `timesteps` steps, from 1 to all of them.
[[nodiscard]] std::unique_ptr<NllBound> make_d3pm_bound(const Objective& objective,
                                                        std::int64_t timesteps,
                                                        const EvalNoise& noise, std::int64_t steps);

}  // namespace millrace::trainer
