// Sampling by exact scores. Analytic steps give a single token its own distribution, whatever their
// number; Euler steps give it the distribution of their chain, computed by enumeration; and two
// masked tokens are drawn as in ancestral sampling.
#include "trainer/sampling/sample_sedd.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "tests/support/known_texts.h"
#include "trainer/sampling/sample_absorbing.h"

namespace millrace::trainer {
namespace {

using testing::counts_of, testing::empty_input, testing::expect_distribution, testing::kLetterMask,
    testing::kLetters, testing::KnowingNetwork;

constexpr std::int64_t kSamples = 40000;
constexpr double kLastTime = 1e-5;
const auto kDouble = torch::dtype(torch::kFloat64);

std::shared_ptr<const Noise> noise(const std::string& name) {
  config::ProviderOptions provider;
  provider.noise = name;
  return make_noise(provider);
}
double total(const Noise& noise, double t) {
  return noise.total(torch::tensor(t, kDouble)).item<double>();
}
double rate(const Noise& noise, double t) {
  return noise.rate(torch::tensor(t, kDouble)).item<double>();
}
double grid(std::uint64_t k, std::uint64_t steps) {
  return 1.0 + (kLastTime - 1.0) * static_cast<double>(k) / static_cast<double>(steps);
}

// Absorbing: s = p·r, with and without scale_by_sigma.

torch::Tensor scaled(const NetworkInput& input) {
  return testing::log_posterior(input.tokens) + std::log(kLetters);
}
torch::Tensor bare(const NetworkInput& input) {
  return testing::log_posterior(input.tokens) - torch::expm1(input.time).log().view({-1, 1, 1});
}

AbsorbingSedd absorbing(const std::string& name, bool scale) {
  return {noise(name), kLetters + 1, kLetterMask, scale};
}

Sampled texts(const Sampler& sampler, bool scale, std::uint64_t seed) {
  KnowingNetwork network(scale ? scaled : bare);
  SampleRng rng(seed, 0, kSamples);
  return sampler.sample(network, empty_input(kSamples, 2), rng);
}

/// The probability that two masks are lifted in the same step, where step k lifts the share
/// share[k] of the masks that are left.
double together(const std::vector<double>& share) {
  double left = 1.0, sum = 0.0;
  for (const double lifted : share) {
    sum += std::pow(left * lifted, 2);
    left *= 1.0 - lifted;
  }
  return sum;
}

TEST(SampleSeddAbsorb, AnalyticGivesTheDistributionOfAncestralSampling) {
  for (const char* const name : {"loglinear", "geometric"}) {
    for (const bool scale : {false, true}) {
      const auto moments = continuous_moments(*noise(name), 6);
      std::vector<double> share;
      for (std::size_t k = 0; k + 1 < moments.masked.size(); ++k) {
        share.push_back(1.0 - moments.masked[k + 1] / moments.masked[k]);
      }
      const auto found =
          texts(*make_score_sampler(absorbing(name, scale), ScoreStep::kAnalytic, 6), scale, 11);
      expect_distribution(counts_of(found.tokens), testing::texts_at_once(together(share)));
      EXPECT_EQ(found.clamped, 0U);
    }
  }
}

TEST(SampleSeddAbsorb, EulerUsesTheRateAtTheStartOfTheStep) {
  constexpr std::uint64_t kSteps = 6;
  const auto given = noise("loglinear");
  std::vector<double> share;
  for (std::uint64_t k = 0; k < kSteps; ++k) {
    const double t = grid(k, kSteps);
    share.push_back((t - grid(k + 1, kSteps)) * rate(*given, t) / std::expm1(total(*given, t)));
  }
  share.push_back(1.0);
  const auto found =
      texts(*make_score_sampler(absorbing("loglinear", true), ScoreStep::kEuler, kSteps), true, 12);
  expect_distribution(counts_of(found.tokens), testing::texts_at_once(together(share)));
}

TEST(SampleSeddAbsorb, CountsNegativeProbabilities) {
  KnowingNetwork network([](const NetworkInput& input) {
    return torch::full({input.tokens.size(0), 2, 4}, 9.0);
  });
  SampleRng rng(1, 0, 8);
  const auto found = make_score_sampler(absorbing("loglinear", true), ScoreStep::kAnalytic, 4)
                         ->sample(network, empty_input(8, 2), rng);
  EXPECT_EQ(found.clamped, 16U);  // the first step lifts all
  EXPECT_EQ(found.network_calls, 1U);
  EXPECT_LT(found.tokens.max().item<std::int64_t>(), kLetterMask);
}

// Uniform, one token: p_t = e^(−σ) p + (1 − e^(−σ))/N.

torch::Tensor one_letter() { return torch::tensor({0.7, 0.1, 0.2}, kDouble); }
torch::Tensor noised(double sigma) {
  return std::exp(-sigma) * one_letter() - std::expm1(-sigma) / kLetters;
}

torch::Tensor uniform_scores(const NetworkInput& input) {
  const double sigma = input.time[0].item<double>();
  const auto log_p = noised(sigma).log();
  return log_p.view({1, 1, -1}) - log_p.index_select(0, input.tokens.flatten()).view({-1, 1, 1});
}

torch::Tensor letters(ScoreStep step, const std::string& name, std::uint64_t steps,
                      std::uint64_t seed) {
  KnowingNetwork network(uniform_scores);
  SampleRng rng(seed, 0, kSamples);
  const auto found = make_score_sampler(UniformSedd{noise(name), kLetters}, step, steps)
                         ->sample(network, empty_input(kSamples, 1), rng);
  EXPECT_EQ(found.network_calls, steps + 1);
  return torch::bincount(found.tokens.flatten(), {}, kLetters).to(torch::kFloat64);
}

TEST(SampleSeddUniform, AnalyticGivesTheKnownDistributionWhateverTheSteps) {
  for (const std::uint64_t steps : {1, 2, 8}) {
    expect_distribution(letters(ScoreStep::kAnalytic, "geometric", steps, steps), one_letter());
  }
}

TEST(SampleSeddUniform, EulerGivesTheDistributionOfItsChain) {
  constexpr std::uint64_t kSteps = 12;
  const auto given = noise("loglinear");
  auto p = torch::full({kLetters}, 1.0 / kLetters, kDouble);
  for (std::uint64_t k = 0; k < kSteps; ++k) {  // the chain's matrix, entry by entry
    const double t = grid(k, kSteps), dt = t - grid(k + 1, kSteps);
    const auto at_t = noised(total(*given, t));
    auto next = torch::zeros({kLetters}, kDouble);
    for (std::int64_t x = 0; x < kLetters; ++x) {
      std::vector<double> to(kLetters);
      double away = 0.0, sum = 0.0;
      for (std::int64_t y = 0; y < kLetters; ++y) {
        if (y != x) {
          away += to[static_cast<std::size_t>(y)] =
              dt * rate(*given, t) / kLetters * (at_t[y] / at_t[x]).item<double>();
        }
      }
      to[static_cast<std::size_t>(x)] = std::max(0.0, 1.0 - away);
      for (const double chance : to) sum += chance;
      for (std::int64_t y = 0; y < kLetters; ++y) {
        next[y] += p[x] * (to[static_cast<std::size_t>(y)] / sum);
      }
    }
    p = next;
  }
  // The last step, σ = 1e-5: what is left of the noise is far below what this many samples can
  // show.
  expect_distribution(letters(ScoreStep::kEuler, "loglinear", kSteps, 21), p);
}

TEST(SampleSeddUniform, FixedTokensStay) {
  auto given = empty_input(2000, 2);
  given.tokens.select(1, 0).fill_(1);
  given.fixed.select(1, 0).fill_(true);
  KnowingNetwork network([](const NetworkInput& input) {
    // The network sees them at every step.
    EXPECT_TRUE(input.tokens.select(1, 0).eq(1).all().item<bool>());
    return torch::randn({input.tokens.size(0), 2, kLetters});
  });
  SampleRng rng(2, 0, 2000);
  const auto found =
      make_score_sampler(UniformSedd{noise("geometric"), kLetters}, ScoreStep::kAnalytic, 5)
          ->sample(network, given, rng);
  EXPECT_TRUE(found.tokens.select(1, 0).eq(1).all().item<bool>());
  EXPECT_EQ(std::get<0>(at::_unique(found.tokens.select(1, 1))).numel(), kLetters);
}

TEST(SampleSedd, ATextDependsOnSeedAndNumberAlone) {
  for (const ScoreStep step : {ScoreStep::kAnalytic, ScoreStep::kEuler}) {
    const auto some = [&](std::uint64_t seed, std::uint64_t first, std::int64_t count) {
      KnowingNetwork network(scaled);
      SampleRng rng(seed, first, count);
      return make_score_sampler(absorbing("loglinear", true), step, 5)
          ->sample(network, empty_input(count, 2), rng)
          .tokens;
    };
    EXPECT_TRUE(torch::equal(some(1, 0, 60).narrow(0, 30, 10), some(1, 30, 10)));
    EXPECT_FALSE(torch::equal(some(1, 0, 60), some(2, 0, 60)));
  }
}

}  // namespace
}  // namespace millrace::trainer
