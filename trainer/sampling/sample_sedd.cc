// Sampling by scores (SEDD, arXiv 2310.16834, section 4 and appendix B). Each position,
// independently of the others, goes from x at t to y at t − Δt. With s the network's scores, s_x =
// 1, and d = σ(t) − σ(t − Δt):
//
//     Euler     P(y) = Δt·σ'(t)·Q(x,y)·s_y for y ≠ x, the rest stays;
//               Q(x,y) is 1 for x = m (absorb), 1/N (uniform)
//     analytic  P(y) = (e^(−dQ) s)_y · (e^(dQ))(y → x):
//         absorb, x = m  P(y) = (e^d − 1)·s_y, the rest stays
//         uniform        P(y) = (e^d·s_y + (1 − e^d)/N·Σ_z s_z) · ((1 − e^(−d))/N + [y = x]·e^(−d))
//
// The last step is analytic, from t = 1e-5 to 0, and without the mask, which is no text. A negative
// probability is taken as 0 and counted: the network's scores need not be those of a distribution,
// and Euler's rate may be too high for Δt. Test: tests/trainer/sampling/sample_sedd_test.cc.
#include "trainer/sampling/sample_sedd.h"

#include <cmath>
#include <utility>
#include <vector>

#include "trainer/objectives/logits.h"
#include "trainer/objectives/positions.h"

namespace millrace::trainer {
namespace {

/// One step from t to `next`; the last one leads to text.
struct Step {
  double sigma = 0.0;     ///< σ(t)
  double d = 0.0;         ///< σ(t) − σ(next)
  double euler = 0.0;     ///< Δt·σ'(t)
  bool analytic = false;  ///< else Euler
  bool last = false;
};

std::vector<Step> steps_of(const Noise& noise, ScoreStep kind, std::uint64_t steps) {
  const auto t = time_grid(steps);
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

/// The graph that tokens move on while they are noised.
class Graph {
 public:
  virtual ~Graph() = default;
  /// Pure noise: i64 of u's shape.
  [[nodiscard]] virtual torch::Tensor noise_of(const torch::Tensor& u) const = 0;
  /// The positions that a step may change, bool [B, L].
  [[nodiscard]] virtual torch::Tensor open(const torch::Tensor& x,
                                           const torch::Tensor& fixed) const = 0;
  /// logits [n, N] at tokens x [n] → P [n, N], not yet clamped.
  [[nodiscard]] virtual torch::Tensor transition(const torch::Tensor& logits,
                                                 const torch::Tensor& x,
                                                 const Step& step) const = 0;
};

/// The probabilities of the other states, and that of staying at x, which is the rest.
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
  Sampled write(Network& network, const SamplerInput& input, SampleRng& rng,
                const StepCallback& on_step) const override {
    const auto device = input.tokens.device();
    const std::int64_t length = input.tokens.size(1);
    Sampled x{
        torch::where(input.fixed, input.tokens, graph_.noise_of(rng.uniform(length, device)))};
    on_step({0, x.tokens});
    for (std::size_t k = 0; k < steps_.size(); ++k) {
      take(steps_[k], network, x, graph_.open(x.tokens, input.fixed), rng.uniform(length, device));
      on_step({k + 1, x.tokens});
    }
    return x;
  }

  void take(const Step& step, Network& network, Sampled& x, const torch::Tensor& open,
            const torch::Tensor& u) const {
    const auto samples = open.any(1).nonzero().squeeze(1);
    if (samples.size(0) == 0) return;
    const Positions positions(open.index_select(0, samples));
    const auto tokens = x.tokens.index_select(0, samples);
    const auto time = torch::full({samples.size(0)}, step.sigma, u.options());
    const auto logits =
        network.project(positions.gather(network.encode({tokens, time}))).to(torch::kFloat64);
    const auto p = graph_.transition(logits, positions.gather(tokens), step);
    x.clamped += static_cast<std::uint64_t>(p.lt(0.0).any(1).sum().template item<std::int64_t>());
    x.tokens = x.tokens.masked_scatter(
        open, draw(p.clamp_min(0.0), positions.gather(u.index_select(0, samples))));
    ++x.network_calls;
  }

  MadeGraph graph_;
  std::vector<Step> steps_;
};

std::unique_ptr<Sampler> by_scores(const SamplerRequest& request, ScoreStep step) {
  const auto noise = make_noise(request.options.provider);
  const proto::StreamMeta& meta = request.meta;
  if (!meta.mask_token_id) {
    return make_score_sampler(UniformSedd{noise, meta.vocab_size}, step, request.steps);
  }
  return make_score_sampler(AbsorbingSedd{noise, meta.vocab_size, *meta.mask_token_id,
                                          request.options.train.scale_by_sigma},
                            step, request.steps);
}

std::unique_ptr<Sampler> analytic(const SamplerRequest& request) {
  return by_scores(request, ScoreStep::kAnalytic);
}
std::unique_ptr<Sampler> euler(const SamplerRequest& request) {
  return by_scores(request, ScoreStep::kEuler);
}

}  // namespace

SamplerEntry analytic_entry() {
  return {.name = "analytic",
          .predictions = {Prediction::kScore},
          .make = analytic,
          .filters_logits = false};
}

SamplerEntry euler_entry() {
  return {
      .name = "euler", .predictions = {Prediction::kScore}, .make = euler, .filters_logits = false};
}

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
