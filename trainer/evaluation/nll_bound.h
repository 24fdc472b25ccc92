// Bounds of −ln p(text), window by window: what an evaluation adds up. The loss of a step is one
// draw of a time for each sample; here each window gets several, evenly spread, of fresh noise.
//
//     continuous (sedd, mdlm):  (1 − ε_s) · mean of the loss over draws of t in (ε_s, 1]      the part of t < ε_s is left out
//         and over the uniform graph KL(p(x_1 | x_0) ‖ uniform)
//     T steps (d3pm, or any absorbing objective on a grid of T times, arXiv 2107.03006, section 3, and 2406.07524, equation 7):
//         CE(t_1) + Σ_{i=2…T} w_i · E Σ_{j : x_j = m} −ln p(x_0,j | x)     w_i = (α_{i−1} − α_i)/(1 − α_i),  α_i = e^(−σ(t_i))
//         with x at time t_i; the sum over i is T − 1 times the mean over draws of i, and t_1 has a draw of its own
//     exact (ar):  the loss
//
// A grid has t_i = i/T; its last step, from t_1, tells all that is still masked. D3PM's own grid is
// τ = 1 … T with α = 1 − τ/T, so w_i = 1/τ; coarser ones take the nearest of those times. There CE
// counts all positions, as D3PM's last step does; SUBS and SEDD copy what is visible. For sedd p is
// its scores, normalised. Test: tests/trainer/evaluation/nll_bound_test.cc.
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
  /// nats of each window of the batch, f64 [B] on the CPU; the first of them is window `first` of
  /// the evaluation.
  [[nodiscard]] virtual torch::Tensor nll(Network& network, const DeviceBatch& batch,
                                          std::uint64_t first) const = 0;
};

/// These keep a reference to the objective.
[[nodiscard]] std::unique_ptr<NllBound> make_exact(const Objective& objective);
[[nodiscard]] std::unique_ptr<NllBound> make_continuous_bound(const Objective& objective,
                                                              const ContinuousTime& time,
                                                              const EvalNoise& noise);
/// In `steps` steps, at least 1. `noise` must have a mask.
[[nodiscard]] std::unique_ptr<NllBound> make_steps_bound(const Objective& objective,
                                                         const ContinuousTime& time,
                                                         const EvalNoise& noise,
                                                         std::int64_t steps);
/// In `steps` of D3PM's T steps, 1 … T.
[[nodiscard]] std::unique_ptr<NllBound> make_d3pm_bound(const Objective& objective,
                                                        std::int64_t timesteps,
                                                        const EvalNoise& noise, std::int64_t steps);

}  // namespace millrace::trainer
