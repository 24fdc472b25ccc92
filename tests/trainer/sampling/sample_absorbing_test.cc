// Lifting masks with the exact posterior: the distribution of the texts is known in closed form.
#include "trainer/sampling/sample_absorbing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/support/known_texts.h"

namespace millrace::trainer {
namespace {

using testing::counts_of, testing::empty_input, testing::expect_distribution, testing::kLetterMask,
    testing::KnowingNetwork;

constexpr std::int64_t kSamples = 40000;

torch::Tensor posterior(const NetworkInput& input) { return testing::log_posterior(input.tokens); }

double sigma_of(double masked) { return -std::log1p(-std::min(masked, 0.999)); }

/// The probability that two masks are lifted in the same step.
double together(const MaskedMoments& moments) {
  double sum = 0.0;
  for (std::size_t k = 0; k + 1 < moments.masked.size(); ++k) {
    sum += std::pow((moments.masked[k] - moments.masked[k + 1]) / moments.masked[0], 2);
  }
  return sum;
}

torch::Tensor texts(const Sampler& sampler, std::uint64_t seed, std::int64_t samples = kSamples) {
  KnowingNetwork network(posterior);
  SampleRng rng(seed, 0, samples);
  return sampler.sample(network, empty_input(samples, 2), rng).tokens;
}

TEST(Moments, OfContinuousTimeFollowTheGridAndEndAtText) {
  const auto noise = make_noise({});
  const auto moments = continuous_moments(*noise, 4);
  ASSERT_EQ(moments.time.size(), 5U);
  ASSERT_EQ(moments.masked.size(), 6U);
  EXPECT_NEAR(moments.masked.front(), 0.999, 1e-12);
  EXPECT_NEAR(moments.masked[4], 0.999 * 1e-5, 1e-12);
  EXPECT_EQ(moments.masked.back(), 0.0);
  EXPECT_NEAR(moments.time[2], -std::log1p(-0.999 * 0.500005), 1e-9);
}

TEST(Moments, OfD3pmAreWholeAndEndAtText) {
  const auto moments = discrete_moments(10, 4);
  EXPECT_EQ(moments.time, (std::vector<double>{10, 7, 5, 2}));
  EXPECT_EQ(moments.masked, (std::vector<double>{1.0, 0.7, 0.5, 0.2, 0.0}));
}

TEST(Ancestral, GivesTheKnownDistribution) {
  for (const std::uint64_t steps : {1, 3, 20}) {
    const auto moments = continuous_moments(*make_noise({}), steps);
    expect_distribution(counts_of(texts(*make_ancestral(kLetterMask, moments, {}), steps)),
                        testing::texts_at_once(together(moments)));
  }
}

TEST(Ancestral, OfD3pmGivesTheKnownDistribution) {
  const auto moments = discrete_moments(1000, 7);
  expect_distribution(counts_of(texts(*make_ancestral(kLetterMask, moments, {}), 5)),
                      testing::texts_at_once(together(moments)));
}

TEST(Ancestral, CallsTheNetworkOnlyForSamplesThatChange) {
  KnowingNetwork network(posterior);
  SampleRng rng(1, 0, 3);
  const auto found = make_ancestral(kLetterMask, discrete_moments(1000, 1000), {})
                         ->sample(network, empty_input(3, 2), rng);
  EXPECT_EQ(found.network_calls, network.calls);
  EXPECT_LE(network.calls, 6U);  // two masks in each of three samples
  EXPECT_LE(network.rows, 6);
}

TEST(Ancestral, PassesTheTimeToTheNetwork) {
  KnowingNetwork network([](const NetworkInput& input) {
    EXPECT_TRUE(
        torch::equal(input.time, torch::full({input.tokens.size(0)}, 4.0, torch::kFloat64)));
    return testing::log_posterior(input.tokens);
  });
  SampleRng rng(1, 0, 2);
  EXPECT_EQ(make_ancestral(kLetterMask, discrete_moments(4, 1), {})
                ->sample(network, empty_input(2, 2), rng)
                .network_calls,
            1U);
}

TEST(FirstHitting, GivesTheExactDistribution) {
  expect_distribution(counts_of(texts(*make_first_hitting(kLetterMask, sigma_of, {}), 6)),
                      testing::known_texts());
}

TEST(FirstHitting, LiftsOneMaskAtATimeAtFallingTimes) {
  static std::vector<double> told;
  told.clear();
  KnowingNetwork network([](const NetworkInput& input) {
    told.push_back(input.time.item<double>());
    return torch::zeros({1, input.tokens.size(1), 4});
  });
  SampleRng rng(8, 0, 1);
  EXPECT_EQ(make_first_hitting(kLetterMask, sigma_of, {})
                ->sample(network, empty_input(1, 9), rng)
                .network_calls,
            9U);
  EXPECT_TRUE(std::is_sorted(told.rbegin(), told.rend()));
  EXPECT_GT(told.front(), told.back());
}

// Log-linear: the share of masks at which a single mask goes is uniform.
TEST(FirstHitting, TheLastMaskIsLiftedAtAUniformTime) {
  static double sum;
  sum = 0.0;
  KnowingNetwork network([](const NetworkInput& input) {
    sum = input.time.sum().item<double>();
    return torch::zeros({input.tokens.size(0), 1, 4});
  });
  SampleRng rng(8, 0, 10000);
  (void)make_first_hitting(kLetterMask, [](double masked) { return masked; }, {})
      ->sample(network, empty_input(10000, 1), rng);
  EXPECT_NEAR(sum / 10000, 0.5, 5.0 * std::sqrt(1.0 / 12.0 / 10000));
}

/// Both samplers, on one contract.
class LiftMasks : public ::testing::TestWithParam<bool> {
 protected:
  std::unique_ptr<Sampler> sampler(const LogitsFilter& filter = {}) const {
    return GetParam() ? make_first_hitting(kLetterMask, sigma_of, filter)
                      : make_ancestral(kLetterMask, continuous_moments(*make_noise({}), 5), filter);
  }
};
INSTANTIATE_TEST_SUITE_P(Samplers, LiftMasks, ::testing::Bool());

TEST_P(LiftMasks, FixedTokensStayAndTheOthersFollowThem) {
  auto input = empty_input(kSamples, 2);
  input.tokens.select(1, 1).fill_(2);
  input.fixed.select(1, 1).fill_(true);
  KnowingNetwork network(posterior);
  SampleRng rng(2, 0, kSamples);
  const auto found = sampler()->sample(network, input, rng).tokens;
  EXPECT_TRUE(found.select(1, 1).eq(2).all().item<bool>());
  const auto column = testing::known_texts().select(1, 2);
  expect_distribution(torch::bincount(found.select(1, 0), {}, 3).to(torch::kFloat64),
                      column / column.sum());
}

TEST_P(LiftMasks, ATextDependsOnSeedAndNumberAlone) {
  const auto all = texts(*sampler(), 9, 50);
  EXPECT_TRUE(torch::equal(texts(*sampler(), 9, 50), all));
  EXPECT_FALSE(torch::equal(texts(*sampler(), 10, 50), all));
  KnowingNetwork network(posterior);
  SampleRng rng(9, 20, 5);
  EXPECT_TRUE(torch::equal(sampler()->sample(network, empty_input(5, 2), rng).tokens,
                           all.narrow(0, 20, 5)));
}

TEST_P(LiftMasks, TemperatureZeroTakesTheLikeliest) {
  const auto found = texts(*sampler({.temperature = 0.0}), 3, 200);
  EXPECT_TRUE(found.eq(0).all().item<bool>());  // from either side the likeliest text is 0 0
}

}  // namespace
}  // namespace millrace::trainer
