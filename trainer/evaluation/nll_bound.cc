// The exact NLL, and its bounds in continuous time and in steps (nll_bound.h).
#include "trainer/evaluation/nll_bound.h"

#include <cmath>
#include <utility>

namespace millrace::trainer {
namespace {

using proto::Role;

torch::Tensor in_f64(const torch::Tensor& values) {
  return values.to(torch::kCPU, torch::kFloat64);
}

class Exact : public NllBound {
 public:
  explicit Exact(const Objective& objective) : objective_(objective) {}

  torch::Tensor nll(Network& network, const DeviceBatch& batch, std::uint64_t) const override {
    return in_f64(objective_.loss(network, batch).sum);
  }

 private:
  const Objective& objective_;
};

class Continuous : public NllBound {
 public:
  Continuous(const Objective& objective, ContinuousTime time, const EvalNoise& noise)
      : objective_(objective), time_(std::move(time)), noise_(noise) {}

  torch::Tensor nll(Network& network, const DeviceBatch& batch,
                    std::uint64_t first) const override {
    const auto& x0 = batch.at(Role::kTarget);
    const double range = 1.0 - time_.sampling_eps;
    auto sum = torch::zeros({batch.samples()}, torch::kFloat64);
    for (std::uint32_t draw = 0; draw < noise_.draws; ++draw) {
      const auto t =
          (1.0 - range * noise_.uniform(first, batch.samples(), draw)).to(torch::kFloat32);
      const auto moved = -torch::expm1(-time_.noise->total(t));
      const auto noised = batch.with(Role::kInput, noise_.noised(x0, moved, first, draw))
                              .with(Role::kTime, t.to(x0.device()));
      sum += in_f64(objective_.loss(network, noised).sum);
    }
    return sum * (range / noise_.draws) +
           (noise_.mask ? 0.0 : static_cast<double>(x0.size(1)) * end_from_uniform());
  }

 private:
  /// KL(p(x_1 | x_0) ‖ uniform) of one token, nats.
  [[nodiscard]] double end_from_uniform() const {
    const double left =
        std::exp(-time_.noise->total(torch::ones({}, torch::kFloat64)).item<double>());
    const auto states = static_cast<double>(noise_.states);
    const double another = (1.0 - left) / states, same = another + left;
    return same * std::log(same * states) + (states - 1.0) * another * std::log(another * states);
  }

  const Objective& objective_;
  ContinuousTime time_;
  EvalNoise noise_;
};

/// The times t_1 … t_T of a bound in T steps.
struct Grid {
  torch::Tensor time;      ///< in the stream's type, [T]
  torch::Tensor moved;     ///< 1 − α, f64 [T]
  torch::Tensor weight;    ///< w, f64 [T]
  bool ce_of_all = false;  ///< CE(t_1) counts all positions, else the masked ones
};

Grid grid(torch::Tensor time, const torch::Tensor& moved, bool ce_of_all) {
  const auto before =
      at::cat({torch::zeros({1}, torch::kFloat64), moved.narrow(0, 0, moved.size(0) - 1)});
  return {std::move(time), moved, (moved - before) / moved, ce_of_all};
}

class Steps : public NllBound {
 public:
  Steps(const Objective& objective, Grid grid, const EvalNoise& noise)
      : objective_(objective), grid_(std::move(grid)), noise_(noise), steps_(grid_.time.size(0)) {}

  torch::Tensor nll(Network& network, const DeviceBatch& batch,
                    std::uint64_t first) const override {
    auto sum = torch::zeros({batch.samples()}, torch::kFloat64);
    for (std::uint32_t draw = 0; draw < noise_.draws && steps_ > 1; ++draw) {
      const auto from_last = torch::floor(noise_.uniform(first, batch.samples(), draw) *
                                          static_cast<double>(steps_ - 1));
      // Late times first, as in continuous time.
      const auto number = steps_ - 1 - from_last.to(torch::kInt64);
      sum += grid_.weight.index_select(0, number) *
             cross_entropy(network, batch, first, draw, number, false);
    }
    const auto last = torch::zeros({batch.samples()}, torch::kInt64);
    return sum * (static_cast<double>(steps_ - 1) / noise_.draws) +
           cross_entropy(network, batch, first, noise_.draws, last, grid_.ce_of_all);
  }

 private:
  /// Σ −ln p(x_0) over the masked positions, or over all, at the grid's entries `number`, i64 [B]:
  /// f64 [B].
  [[nodiscard]] torch::Tensor cross_entropy(Network& network, const DeviceBatch& batch,
                                            std::uint64_t first, std::uint32_t draw,
                                            const torch::Tensor& number, bool of_all) const {
    const auto& x0 = batch.at(Role::kTarget);
    const auto x = noise_.noised(x0, grid_.moved.index_select(0, number), first, draw);
    const auto noised = batch.with(Role::kInput, x)
                            .with(Role::kTime, grid_.time.index_select(0, number).to(x0.device()));
    const auto logits = without_mask(objective_.logits(network, noised), noise_.mask.value());
    const auto nats =
        at::cross_entropy_loss(logits.flatten(0, 1), x0.flatten(), {}, at::Reduction::None)
            .view_as(x0)
            .to(torch::kFloat64);
    return in_f64(of_all ? nats.sum(1) : (nats * x.eq(*noise_.mask)).sum(1));
  }

  const Objective& objective_;
  Grid grid_;
  EvalNoise noise_;
  std::int64_t steps_;
};

}  // namespace

std::unique_ptr<NllBound> make_exact(const Objective& objective) {
  return std::make_unique<Exact>(objective);
}

std::unique_ptr<NllBound> make_continuous_bound(const Objective& objective,
                                                const ContinuousTime& time,
                                                const EvalNoise& noise) {
  return std::make_unique<Continuous>(objective, time, noise);
}

std::unique_ptr<NllBound> make_steps_bound(const Objective& objective, const ContinuousTime& time,
                                           const EvalNoise& noise, std::int64_t steps) {
  const auto t = torch::arange(1, steps + 1, torch::kFloat64) / static_cast<double>(steps);
  return std::make_unique<Steps>(
      objective, grid(t.to(torch::kFloat32), -torch::expm1(-time.noise->total(t)), false), noise);
}

std::unique_ptr<NllBound> make_d3pm_bound(const Objective& objective, std::int64_t timesteps,
                                          const EvalNoise& noise, std::int64_t steps) {
  const auto number = torch::arange(1, steps + 1, torch::kInt64);
  const auto tau = (number * timesteps * 2 + steps).floor_divide(2 * steps);
  return std::make_unique<Steps>(
      objective, grid(tau, tau.to(torch::kFloat64) / static_cast<double>(timesteps), true), noise);
}

}  // namespace millrace::trainer
