// SEDD on the uniform graph (arXiv 2310.16834, definition 3.1, theorem 3.6 and section 3.3). States
// 0 … N−1; at time t each token of x_0 has been redrawn from all of them with probability
// 1 − e^(−σ), σ = σ(t). With x = x_t at a position, ln s_y = f_y the network's logits and
// r_y = p(x_t = y | x_0)/p(x_t = x | x_0):
//
//     SE     = Σ_{y≠x} 1/N · (s_y − r_y ln s_y + r_y(ln r_y − 1))
//     sum    = σ'(t) · Σ_positions SE        nats, a bound of −ln p(x_0) up to KL(p_1 ‖ uniform)
//     weight = L
//
// p(x_t = y | x_0) is (1 − e^(−σ))/N, and e^(−σ) more for y = x_0. With
// ρ = (e^σ − 1)/(e^σ − 1 + N): for x = x_0 all r_y are ρ; otherwise r_{x_0} = 1/ρ, and the others
// are 1. With d_y = ln s_y − ln r_y a term is r_y(e^(d_y) − 1 − d_y): no difference of large
// numbers, and exactly 0 at s = r.
//
// Test: tests/trainer/objectives/sedd_test.cc.
#include "trainer/objectives/continuous_time.h"
#include "trainer/objectives/logits.h"
#include "trainer/objectives/sedd.h"

namespace millrace::trainer {
namespace {

class Uniform : public ContinuousTimeObjective {
 public:
  explicit Uniform(const UniformSedd& settings)
      : ContinuousTimeObjective(settings.noise), settings_(settings) {}

  Loss loss(Network& network, const DeviceBatch& batch) const override {
    const NetworkInput given = input(batch);

    const auto log_score = at_least_f32(network.forward(given));
    const auto odds = torch::expm1(given.time);  // e^σ − 1
    const auto log_rho =
        (torch::log(odds) - torch::log(odds + settings_.states)).to(log_score.dtype());
    const auto entropy =
        score_entropy(log_score, given.tokens, batch.at(proto::Role::kTarget), log_rho.unsqueeze(1))
            .sum(1);
    return {rate(batch).to(entropy.dtype()) * entropy, weight(batch), {}};
  }

 private:
  /// log_score [B, L, N], x and x0 [B, L], log_rho [B, 1] → SE [B, L].
  [[nodiscard]] torch::Tensor score_entropy(const torch::Tensor& log_score, const torch::Tensor& x,
                                            const torch::Tensor& x0,
                                            const torch::Tensor& log_rho) const {
    const auto of_others = torch::where(x.eq(x0), log_rho, torch::zeros_like(log_rho)).unsqueeze(2);
    // For x = x_0 this is the ratio of x itself, whose term is set to 0 below.
    const auto of_origin = -log_rho.expand_as(x).unsqueeze(2);
    const auto log_r = of_others.expand_as(log_score).scatter(2, x0.unsqueeze(2), of_origin);
    const auto d = log_score - log_r;
    const auto terms = log_r.exp() * (torch::expm1(d) - d);
    return terms.scatter(2, x.unsqueeze(2), 0.0).sum(2) / static_cast<double>(settings_.states);
  }

  UniformSedd settings_;
};

}  // namespace

std::unique_ptr<Objective> make_sedd(const UniformSedd& settings) {
  return std::make_unique<Uniform>(settings);
}

}  // namespace millrace::trainer
