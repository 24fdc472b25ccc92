// SEDD on the absorbing graph (arXiv 2310.16834, definition 3.1, theorem 3.6 and section 3.3).
// States 0 … N−1 with the mask m among them; at time t each token of x_0 has become m with
// probability 1 − e^(−σ), σ = σ(t). With f the network's logits at a masked position, without f_m,
// and r = 1/(e^σ − 1), the true ratio p(x_t = x_0)/p(x_t = m):
//
//     ln s_y = f_y − ln(e^σ − 1) − ln(N − 1)                  scale_by_sigma; else ln s_y = f_y
//     SE     = Σ_{y≠m} s_y − r·ln s_{x_0} + r(ln r − 1)        where x_t = m, else 0
//     sum    = σ'(t) · Σ_positions SE                          nats, a bound of −ln p(x_0)
//     weight = L
//
// With d = ln s_{x_0} − ln r the terms of x_0 are r(e^d − 1 − d): no difference of large numbers,
// and exactly 0 at s_{x_0} = r. Only masked positions are projected.
//
// Test: tests/trainer/objectives/sedd_test.cc.
#include <cmath>
#include <limits>

#include "trainer/objectives/continuous_time.h"
#include "trainer/objectives/logits.h"
#include "trainer/objectives/sedd.h"

namespace millrace::trainer {
namespace {

constexpr double kNoScore = -std::numeric_limits<double>::infinity();

class Absorb : public ContinuousTimeObjective {
 public:
  explicit Absorb(const AbsorbingSedd& settings)
      : ContinuousTimeObjective(settings.noise), settings_(settings) {}

  torch::Tensor loss_positions(const DeviceBatch& batch) const override {
    return batch.at(proto::Role::kInput).eq(settings_.mask);
  }

  Loss loss(Network& network, const DeviceBatch& batch) const override {
    const NetworkInput given = input(batch);
    const Positions masked = positions(batch);

    const auto logits = at_least_f32(network.project(masked.gather(network.encode(given))));
    const auto log_r = -torch::log(torch::expm1(given.time));
    const auto entropy =
        masked.sum_by_sample(score_entropy(logits, masked.gather(batch.at(proto::Role::kTarget)),
                                           masked.gather_by_sample(log_r.to(logits.dtype()))));
    return {rate(batch).to(entropy.dtype()) * entropy, weight(batch), {}};
  }

 private:
  /// logits [n, N], x0 and log_r [n] → SE [n].
  [[nodiscard]] torch::Tensor score_entropy(const torch::Tensor& logits, const torch::Tensor& x0,
                                            const torch::Tensor& log_r) const {
    const auto log_score =
        settings_.scale_by_sigma
            ? logits + log_r.unsqueeze(1) - std::log(static_cast<double>(settings_.states - 1))
            : logits;
    const auto wanted = x0.unsqueeze(1);
    const auto d = log_score.gather(1, wanted).squeeze(1) - log_r;
    const auto others = without_mask(log_score, settings_.mask).scatter(1, wanted, kNoScore);
    return others.exp().sum(1) + log_r.exp() * (torch::expm1(d) - d);
  }

  AbsorbingSedd settings_;
};

}  // namespace

std::unique_ptr<Objective> make_sedd(const AbsorbingSedd& settings) {
  return std::make_unique<Absorb>(settings);
}

}  // namespace millrace::trainer
