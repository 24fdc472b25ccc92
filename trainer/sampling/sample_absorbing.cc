// Samplers of masked diffusion. Let μ_t = 1 − α_t be the probability that a token is masked at time
// t.
//
// Ancestral sampling (MDLM, arXiv 2406.07524, section 3.2.2; absorbing D3PM, arXiv 2107.03006):
// from time t to s < t each mask, independently of the others,
//
//     is lifted with probability (μ_t − μ_s)/μ_t, and becomes y with probability p(x_0 = y | x_t);
//
// no other token changes. Which masks are lifted does not depend on the network, so that is drawn
// first, and the network is called only for the samples in which at least one is.
//
// First-hitting sampling (arXiv 2409.02908, section 4): of n masks the next one is lifted at μ' =
// μ·u^(1/n), u uniform on (0, 1], and is any of them with equal probability. No time is rounded to
// a grid, and each mask is lifted in view of all other tokens: with the exact p(x_0 | x_t) the
// texts have the exact distribution. Test: tests/trainer/sampling/sample_absorbing_test.cc.
#include "trainer/sampling/sample_absorbing.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "trainer/objectives/logits.h"
#include "trainer/objectives/positions.h"

namespace millrace::trainer {
namespace {

class MaskLifter : public Sampler {
 public:
  MaskLifter(std::int64_t mask, const LogitsFilter& filter) : mask_(mask), filter_(filter) {}

 protected:
  [[nodiscard]] torch::Tensor all_masked(const SamplerInput& input) const {
    return torch::where(input.fixed, input.tokens, mask_);
  }

  /// Draws tokens at the positions `lifted`, bool [B, L], by u [B, L]; the network is told time
  /// [B].
  void lift(Network& network, Sampled& x, const torch::Tensor& lifted, const torch::Tensor& time,
            const torch::Tensor& u) const {
    const auto samples = lifted.any(1).nonzero().squeeze(1);
    if (samples.size(0) == 0) return;
    const Positions positions(lifted.index_select(0, samples));
    const auto hidden =
        network.encode({x.tokens.index_select(0, samples), time.index_select(0, samples)});
    const auto logits =
        without_mask(at_least_f32(network.project(positions.gather(hidden))), mask_);
    const auto drawn =
        draw(probabilities_of(logits, filter_), positions.gather(u.index_select(0, samples)));
    x.tokens = x.tokens.masked_scatter(lifted, drawn);  // both row by row
    ++x.network_calls;
  }

  std::int64_t mask_;
  LogitsFilter filter_;
};

class Ancestral : public MaskLifter {
 public:
  Ancestral(std::int64_t mask, MaskedMoments moments, const LogitsFilter& filter)
      : MaskLifter(mask, filter), moments_(std::move(moments)) {}

 private:
  Sampled write(Network& network, const SamplerInput& input, SampleRng& rng,
                const StepCallback& on_step) const override {
    Sampled x{all_masked(input)};
    on_step({0, x.tokens});
    const std::int64_t length = x.tokens.size(1);
    for (std::size_t k = 0; k < moments_.time.size(); ++k) {
      const auto lift_u = rng.uniform(length, x.tokens.device());
      const auto token_u = rng.uniform(length, x.tokens.device());
      const double share = 1.0 - moments_.masked[k + 1] / moments_.masked[k];
      const auto time = torch::full({x.tokens.size(0)}, moments_.time[k], token_u.options());
      lift(network, x, x.tokens.eq(mask_).logical_and(lift_u.lt(share)), time, token_u);
      on_step({k + 1, x.tokens});
    }
    return x;
  }

  MaskedMoments moments_;
};

class FirstHitting : public MaskLifter {
 public:
  FirstHitting(std::int64_t mask, std::function<double(double)> time_of, const LogitsFilter& filter)
      : MaskLifter(mask, filter), time_of_(std::move(time_of)) {}

 private:
  Sampled write(Network& network, const SamplerInput& input, SampleRng& rng,
                const StepCallback& on_step) const override {
    Sampled x{all_masked(input)};
    on_step({0, x.tokens});
    const auto device = x.tokens.device();
    auto log_masked = torch::zeros({x.tokens.size(0)}, torch::kFloat64);
    while (true) {
      const auto masked = x.tokens.eq(mask_);
      const auto left = masked.sum(1);
      if (left.max().item<std::int64_t>() == 0) return x;
      const auto u = rng.uniform(3, device);
      log_masked = log_masked + (torch::log1p(-u.select(1, 0)) / left.clamp_min(1)).cpu();
      const auto chosen = (u.select(1, 1) * left).to(torch::kInt64);  // counted among the masks
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

std::unique_ptr<Sampler> ancestral(const SamplerRequest& request) {
  const config::ProviderOptions& provider = request.options.provider;
  return make_ancestral(request.mask(),
                        request.objective.has_timesteps()
                            ? discrete_moments(provider.timesteps, request.steps)
                            : continuous_moments(*make_noise(provider), request.steps),
                        request.filter);
}

std::unique_ptr<Sampler> first_hitting(const SamplerRequest& request) {
  const config::ProviderOptions& provider = request.options.provider;
  if (request.objective.has_timesteps()) {
    const double timesteps = provider.timesteps;
    return make_first_hitting(
        request.mask(), [timesteps](double masked) { return std::ceil(masked * timesteps); },
        request.filter);
  }
  const double most = make_noise(provider)->total(torch::ones({1}, torch::kFloat64)).item<double>();
  return make_first_hitting(
      request.mask(), [most](double masked) { return std::min(most, -std::log1p(-masked)); },
      request.filter);
}

}  // namespace

SamplerEntry ancestral_entry() {
  return {.name = "ancestral",
          .predictions = {Prediction::kCleanToken, Prediction::kScore},
          .make = ancestral,
          .needs_mask = true,
          .limits_steps = true};
}

SamplerEntry first_hitting_entry() {
  return {.name = "first_hitting",
          .predictions = {Prediction::kCleanToken, Prediction::kScore},
          .make = first_hitting,
          .needs_mask = true,
          .takes_steps = false};
}

MaskedMoments continuous_moments(const Noise& noise, std::uint64_t steps) {
  const auto total = noise.total(time_grid(steps));
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
