// Sampling by scores (SEDD, arXiv 2310.16834, section 4 and appendix B): each position by itself
// goes from x at t to y at t − Δt. With s the network's scores, s_x = 1, and d = σ(t) − σ(t − Δt):
//
//     Euler     P(y) = Δt·σ'(t)·Q(x,y)·s_y for y ≠ x, the rest stays; Q(x,y) is 1 for x = m (absorb), 1/N (uniform)
//     analytic  P(y) = (e^(−dQ) s)_y · (e^(dQ))(y → x):
//         absorb, x = m   P(y) = (e^d − 1)·s_y, the rest stays
//         uniform         P(y) = (e^d·s_y + (1 − e^d)/N·Σ_z s_z) · ((1 − e^(−d))/N + [y = x]·e^(−d))
//
// The last step is analytic from t = 1e-5 to 0; the mask is no text, and is left out. A probability
// that comes out negative is taken as 0 and counted: the scores of a network need not be those of
// any distribution, and Euler's rate may be too high for Δt. Test:
// tests/trainer/sampling/sample_sedd_test.cc.
#include "trainer/sampling/sample_sedd.h"

#include <cmath>
#include <utility>
#include <vector>

#include "trainer/objectives/logits.h"
#include "trainer/objectives/positions.h"

namespace millrace::trainer {
namespace {

constexpr double kLastTime = 1e-5;

/// One step from t to `next`; the last one leads to text.
struct Step {
  double sigma = 0.0;     ///< σ(t)
  double d = 0.0;         ///< σ(t) − σ(next)
  double euler = 0.0;     ///< Δt·σ'(t)
  bool analytic = false;  ///< else Euler
  bool last = false;
};

std::vector<Step> steps_of(const Noise& noise, ScoreStep kind, std::uint64_t steps) {
  const auto t =
      torch::linspace(1.0, kLastTime, static_cast<std::int64_t>(steps) + 1, torch::kFloat64);
  const auto sigma = noise.total(t), rate = noise.rate(t);
  const auto at = [](const torch::Tensor& values, std::int64_t k) {
    return values[k].item<double>();
  };
  std::vector<Step> all;
  for (std::int64_t k = 0; k + 1 < t.size(0); ++k) {
    all.push_back({at(sigma, k), at(sigma, k) - at(sigma, k + 1),
                   (at(t, k) - at(t, k + 1)) * at(rate, k), kind == ScoreStep::kAnalytic, false});
  }
  const double rest = at(sigma, -1);
  all.push_back({rest, rest, 0.0, true, true});
  return all;
}

/// What differs between the graphs.
class Graph {
 public:
  virtual ~Graph() = default;
  /// Where the noise starts: i64 of u's shape.
  [[nodiscard]] virtual torch::Tensor noise_of(const torch::Tensor& u) const = 0;
  /// Which positions a step may change.
  [[nodiscard]] virtual torch::Tensor open(const torch::Tensor& x,
                                           const torch::Tensor& fixed) const = 0;
  /// logits [n, N] at tokens x [n] → P [n, N], not yet clamped.
  [[nodiscard]] virtual torch::Tensor transition(const torch::Tensor& logits,
                                                 const torch::Tensor& x,
                                                 const Step& step) const = 0;
};

/// P with P(stay) = 1 − the others.
torch::Tensor rest_stays(const torch::Tensor& others, const torch::Tensor& x) {
  return others.scatter(1, x.unsqueeze(1), 1.0 - others.sum(1, true));
}

class AbsorbGraph : public Graph {
 public:
  explicit AbsorbGraph(const AbsorbingSedd& settings) : settings_(settings) {}
  torch::Tensor noise_of(const torch::Tensor& u) const override {
    return torch::full_like(u, settings_.mask, torch::kInt64);
  }
  torch::Tensor open(const torch::Tensor& x, const torch::Tensor& /*fixed*/) const override {
    return x.eq(settings_.mask);
  }
  torch::Tensor transition(const torch::Tensor& logits, const torch::Tensor& x,
                           const Step& step) const override {
    const double log_scale = settings_.scale_by_sigma
                                 ? -std::log(std::expm1(step.sigma)) -
                                       std::log(static_cast<double>(settings_.states - 1))
                                 : 0.0;
    const auto log_score = without_mask(logits, settings_.mask) + log_scale;
    if (step.last) return at::softmax(log_score, 1);
    return rest_stays(log_score.exp() * (step.analytic ? std::expm1(step.d) : step.euler), x);
  }

 private:
  AbsorbingSedd settings_;
};

class UniformGraph : public Graph {
 public:
  explicit UniformGraph(const UniformSedd& settings) : states_(settings.states) {}
  torch::Tensor noise_of(const torch::Tensor& u) const override {
    return (u * states_).to(torch::kInt64);
  }
  torch::Tensor open(const torch::Tensor& /*x*/, const torch::Tensor& fixed) const override {
    return fixed.logical_not();
  }
  torch::Tensor transition(const torch::Tensor& logits, const torch::Tensor& x,
                           const Step& step) const override {
    const auto own = x.unsqueeze(1);
    const auto n = static_cast<double>(states_);
    const auto score = logits.scatter(1, own, 0.0).exp();
    if (!step.analytic) return rest_stays((score * (step.euler / n)).scatter(1, own, 0.0), x);
    const auto staggered = score * std::exp(step.d) - score.sum(1, true) * (std::expm1(step.d) / n);
    const auto reached = torch::full_like(score, -std::expm1(-step.d) / n);
    return staggered *
           reached.scatter_add(1, own, torch::full_like(own, std::exp(-step.d), score.options()));
  }

 private:
  std::int64_t states_;
};

template <class MadeGraph>
class ScoreSampler : public Sampler {
 public:
  ScoreSampler(MadeGraph graph, std::vector<Step> steps)
      : graph_(std::move(graph)), steps_(std::move(steps)) {}

 private:
  Sampled write(Network& network, const SamplerInput& draft, SampleRng& rng,
                const StepCallback& on_step) const override {
    const auto device = draft.tokens.device();
    const std::int64_t length = draft.tokens.size(1);
    Sampled x{
        torch::where(draft.fixed, draft.tokens, graph_.noise_of(rng.uniform(length, device)))};
    on_step({0, x.tokens});
    for (std::size_t k = 0; k < steps_.size(); ++k) {
      go(network, x, graph_.open(x.tokens, draft.fixed), steps_[k], rng.uniform(length, device));
      on_step({k + 1, x.tokens});
    }
    return x;
  }

  void go(Network& network, Sampled& x, const torch::Tensor& open, const Step& step,
          const torch::Tensor& u) const {
    const auto samples = open.any(1).nonzero().squeeze(1);
    if (samples.size(0) == 0) return;
    const Positions there(open.index_select(0, samples));
    const auto tokens = x.tokens.index_select(0, samples);
    const auto time = torch::full({samples.size(0)}, step.sigma, u.options());
    const auto logits =
        network.project(there.gather(network.encode({tokens, time}))).to(torch::kFloat64);
    const auto p = graph_.transition(logits, there.gather(tokens), step);
    x.clamped += static_cast<std::uint64_t>(p.lt(0.0).any(1).sum().template item<std::int64_t>());
    x.tokens =
        x.tokens.masked_scatter(open, draw(p.clamp_min(0.0), there.gather(u.index_select(0, samples))));
    ++x.network_calls;
  }

  MadeGraph graph_;
  std::vector<Step> steps_;
};

}  // namespace

std::unique_ptr<Sampler> make_score_sampler(const AbsorbingSedd& settings, ScoreStep step,
                                            std::uint64_t steps) {
  return std::make_unique<ScoreSampler<AbsorbGraph>>(AbsorbGraph(settings),
                                                     steps_of(*settings.noise, step, steps));
}

std::unique_ptr<Sampler> make_score_sampler(const UniformSedd& settings, ScoreStep step,
                                            std::uint64_t steps) {
  return std::make_unique<ScoreSampler<UniformGraph>>(UniformGraph(settings),
                                                      steps_of(*settings.noise, step, steps));
}

}  // namespace millrace::trainer
