// Ancestral sampling of masked diffusion (MDLM, arXiv 2406.07524, section 3.2.2; absorbing D3PM,
// arXiv 2107.03006): with μ_t = 1 − α_t the probability of a mask at time t, from t to s < t each
// mask by itself
//
//     is lifted with probability (μ_t − μ_s)/μ_t, and becomes y with probability p(x_0 = y | x_t); no other token changes.
//
// Which masks are lifted does not depend on the network, so it is drawn first, and the network is
// asked only for the samples in which there are any.
//
// First-hitting (arXiv 2409.02908, section 4): of n masks the next is lifted at μ' = μ·u^(1/n), u
// uniform on (0, 1], and each is equally likely to be it. Nothing is rounded to a grid, so one mask
// at a time sees all others: with the exact p(x_0 | x_t) the text's distribution is exact. Test:
// tests/trainer/sampling/sample_absorbing_test.cc.
#include "trainer/sampling/sample_absorbing.h"

#include <cmath>

#include "trainer/objectives/logits.h"
#include "trainer/objectives/positions.h"

namespace millrace::trainer {
namespace {

constexpr double kLastTime = 1e-5;

class LiftMasks : public Sampler {
 public:
  LiftMasks(std::int64_t mask, const LogitsFilter& filter) : mask_(mask), filter_(filter) {}

 protected:
  [[nodiscard]] torch::Tensor all_masked(const SamplerInput& draft) const {
    return torch::where(draft.fixed, draft.tokens, mask_);
  }

  /// Writes tokens at the positions `lifted` [B, L] of x; time [B], u [B, L].
  void lift(Network& network, Sampled& x, const torch::Tensor& lifted, const torch::Tensor& time,
            const torch::Tensor& u) const {
    const auto samples = lifted.any(1).nonzero().squeeze(1);
    if (samples.size(0) == 0) return;
    const Positions there(lifted.index_select(0, samples));
    const auto hidden =
        network.encode({x.tokens.index_select(0, samples), time.index_select(0, samples)});
    const auto logits = without_mask(at_least_f32(network.project(there.gather(hidden))), mask_);
    const auto found =
        draw(probabilities_of(logits, filter_), there.gather(u.index_select(0, samples)));
    x.tokens = x.tokens.masked_scatter(lifted, found);  // both row by row
    ++x.network_calls;
  }

  std::int64_t mask_;
  LogitsFilter filter_;
};

class Ancestral : public LiftMasks {
 public:
  Ancestral(std::int64_t mask, MaskedMoments moments, const LogitsFilter& filter)
      : LiftMasks(mask, filter), moments_(std::move(moments)) {}

 private:
  Sampled write(Network& network, const SamplerInput& draft, SampleRng& rng,
                const StepCallback& on_step) const override {
    Sampled x{all_masked(draft)};
    on_step({0, x.tokens});
    const std::int64_t length = x.tokens.size(1);
    for (std::size_t k = 0; k < moments_.time.size(); ++k) {
      const auto when = rng.uniform(length, x.tokens.device());
      const auto what = rng.uniform(length, x.tokens.device());
      const double share = 1.0 - moments_.masked[k + 1] / moments_.masked[k];
      const auto time = torch::full({x.tokens.size(0)}, moments_.time[k], what.options());
      lift(network, x, x.tokens.eq(mask_).logical_and(when.lt(share)), time, what);
      on_step({k + 1, x.tokens});
    }
    return x;
  }

  MaskedMoments moments_;
};

class FirstHitting : public LiftMasks {
 public:
  FirstHitting(std::int64_t mask, std::function<double(double)> time_of, const LogitsFilter& filter)
      : LiftMasks(mask, filter), time_of_(std::move(time_of)) {}

 private:
  Sampled write(Network& network, const SamplerInput& draft, SampleRng& rng,
                const StepCallback& on_step) const override {
    Sampled x{all_masked(draft)};
    on_step({0, x.tokens});
    const auto device = x.tokens.device();
    auto log_masked = torch::zeros({x.tokens.size(0)}, torch::kFloat64);
    while (true) {
      const auto masked = x.tokens.eq(mask_);
      const auto left = masked.sum(1);
      if (left.max().item<std::int64_t>() == 0) return x;
      const auto u = rng.uniform(3, device);
      log_masked = log_masked + (torch::log1p(-u.select(1, 0)) / left.clamp_min(1)).cpu();
      const auto chosen = (u.select(1, 1) * left).to(torch::kInt64);  // its number among the masks
      const auto lifted = masked.logical_and(masked.cumsum(1).eq(chosen.unsqueeze(1) + 1));
      lift(network, x, lifted, times(log_masked).to(device),
           u.select(1, 2).unsqueeze(1).expand_as(masked));
      on_step({x.network_calls, x.tokens});
    }
  }

  [[nodiscard]] torch::Tensor times(const torch::Tensor& log_masked) const {
    auto time = log_masked.exp();
    for (std::int64_t i = 0; i < time.size(0); ++i) time[i] = time_of_(time[i].item<double>());
    return time;
  }

  std::function<double(double)> time_of_;
};

}  // namespace

MaskedMoments continuous_moments(const Noise& noise, std::uint64_t steps) {
  const auto total = noise.total(
      torch::linspace(1.0, kLastTime, static_cast<std::int64_t>(steps) + 1, torch::kFloat64));
  MaskedMoments moments;
  for (std::int64_t k = 0; k < total.size(0); ++k) {
    moments.time.push_back(total[k].item<double>());
    moments.masked.push_back(-std::expm1(-moments.time.back()));
  }
  moments.masked.push_back(0.0);
  return moments;
}

MaskedMoments discrete_moments(std::uint32_t timesteps, std::uint64_t steps) {
  MaskedMoments moments;
  for (std::uint64_t k = 0; k <= steps; ++k) {
    const std::uint64_t tau = timesteps * (steps - k) / steps;
    moments.masked.push_back(static_cast<double>(tau) / timesteps);
    if (k < steps) moments.time.push_back(static_cast<double>(tau));
  }
  return moments;
}

std::unique_ptr<Sampler> make_ancestral(std::int64_t mask, MaskedMoments moments,
                                        const LogitsFilter& filter) {
  return std::make_unique<Ancestral>(mask, std::move(moments), filter);
}

std::unique_ptr<Sampler> make_first_hitting(std::int64_t mask,
                                            std::function<double(double)> time_of,
                                            const LogitsFilter& filter) {
  return std::make_unique<FirstHitting>(mask, std::move(time_of), filter);
}

}  // namespace millrace::trainer
