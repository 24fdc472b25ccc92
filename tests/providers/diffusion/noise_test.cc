// Thresholds against 1 − e^(−σ(t)) from libm, rates of moved tokens against thresholds, redraws
// against the uniform distribution.
#include "providers/diffusion/noise.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

constexpr double kTwo32 = 4294967296.0;

config::ProviderOptions geometric(double sigma_min = 1e-4, double sigma_max = 20) {
  config::ProviderOptions options;
  options.noise = "geometric";
  options.sigma_min = sigma_min;
  options.sigma_max = sigma_max;
  return options;
}

config::ProviderOptions loglinear(double eps = 1e-3) {
  config::ProviderOptions options;
  options.noise_eps = eps;
  return options;
}

/// The papers' formulas, with more digits than a threshold has.
long double sigma(const config::ProviderOptions& options, float t) {
  if (options.noise == "loglinear") {
    return -std::log1p(-(1 - static_cast<long double>(options.noise_eps)) * t);
  }
  return std::pow(static_cast<long double>(options.sigma_min), 1 - static_cast<long double>(t)) *
         std::pow(static_cast<long double>(options.sigma_max), static_cast<long double>(t));
}

void expect_thresholds(const config::ProviderOptions& options) {
  const Noise noise(options);
  for (int i = 0; i <= 10'000; ++i) {
    const float t = static_cast<float>(i) / 10'000;
    const long double expected = -std::expm1(-sigma(options, t)) * kTwo32;
    // Half a unit for rounding to a whole number; the rest for the arithmetic.
    ASSERT_NEAR(static_cast<double>(noise.move_threshold(t)), static_cast<double>(expected), 0.5001)
        << noise.name() << " " << t;
  }
}

TEST(Noise, LoglinearHasTheProbabilityOfItsSigma) {
  expect_thresholds(loglinear());
  expect_thresholds(loglinear(0.5));
  expect_thresholds(loglinear(1e-12));
}

TEST(Noise, GeometricHasTheProbabilityOfItsSigma) {
  expect_thresholds(geometric());
  expect_thresholds(geometric(1e-12, 100));
  expect_thresholds(geometric(1, 2));
}

TEST(Noise, GrowsWithTime) {
  for (const auto& options : {loglinear(), geometric()}) {
    const Noise noise(options);
    std::uint64_t before = noise.move_threshold(0);
    for (int i = 1; i <= 1000; ++i) {
      const std::uint64_t now = noise.move_threshold(static_cast<float>(i) / 1000);
      // Geometric noise ends at its largest value, where e^(−σ) is below 2^-28.
      EXPECT_GE(now, before);
      before = now;
    }
  }
  EXPECT_EQ(Noise(geometric(1e-12, 100)).move_threshold(1), std::uint64_t{1} << 32);
  EXPECT_EQ(Noise(geometric(1e-12, 100)).move_threshold(0), 0U);
  EXPECT_EQ(Noise(loglinear()).move_threshold(0), 0U);
}

TEST(Noise, SaysItsName) {
  EXPECT_EQ(Noise(loglinear()).name(), "loglinear(noise_eps=0.001)");
  EXPECT_EQ(Noise(geometric()).name(), "geometric(sigma_min=1e-04,sigma_max=20)");
}

// Computed once: the same bytes on every machine.
TEST(Noise, KeepsItsThresholds) {
  EXPECT_EQ(Noise(loglinear()).move_threshold(0.5F), 2145336164U);
  EXPECT_EQ(Noise(loglinear()).move_threshold(0.3F), 1287201750U);
  EXPECT_EQ(Noise(geometric()).move_threshold(0.5F), 187845126U);
  EXPECT_EQ(Noise(geometric()).move_threshold(0.9F), 4283213430U);
  EXPECT_EQ(Noise(geometric()).move_threshold(1.0F), 4294967287U);
}

constexpr std::uint32_t kStates = 27;
constexpr std::size_t kTokens = 1000;
constexpr std::uint64_t kSamples = 500;

std::vector<std::uint8_t> some_tokens() {
  std::vector<std::uint8_t> tokens(kTokens);
  for (std::size_t j = 0; j < kTokens; ++j) tokens[j] = static_cast<std::uint8_t>(j % kStates);
  return tokens;
}

TEST(Absorb, MasksWithTheProbabilityOfTheThresholdAndLeavesTheRest) {
  const auto original = some_tokens();
  for (const double p : {0.001, 0.3, 0.999}) {
    const auto threshold = static_cast<std::uint64_t>(p * kTwo32);
    double masked = 0;
    for (std::uint64_t i = 0; i < kSamples; ++i) {
      std::vector<std::uint8_t> x(kTokens);
      absorb<std::uint8_t>(original, threshold, kStates,
                           PhiloxStream(1, proto::Split::kTrain, 0, i), x);
      for (std::size_t j = 0; j < kTokens; ++j) {
        masked += x[j] == kStates ? 1 : 0;
        ASSERT_TRUE(x[j] == kStates || x[j] == original[j]);
      }
    }
    expect_rate(masked, kSamples * kTokens, p);
  }
}

TEST(Absorb, TakesNothingAndEverything) {
  const auto original = some_tokens();
  const PhiloxStream draws(1, proto::Split::kTrain, 0, 0);
  std::vector<std::uint8_t> x(kTokens);
  absorb<std::uint8_t>(original, 0, kStates, draws, x);
  EXPECT_EQ(x, original);
  absorb<std::uint8_t>(original, std::uint64_t{1} << 32, kStates, draws, x);
  expect_all(x, kStates);
}

// A threshold separates two adjacent words exactly.
TEST(Absorb, MovesAWordBelowTheThresholdAndNoneAtIt) {
  const PhiloxStream draws(1, proto::Split::kTrain, 0, 0);
  const std::uint64_t word = draws.word(Purpose::kSelect, 0);
  const std::vector<std::uint8_t> original{3};
  std::vector<std::uint8_t> x(1);
  absorb<std::uint8_t>(original, word, kStates, draws, x);
  EXPECT_EQ(x[0], 3);
  absorb<std::uint8_t>(original, word + 1, kStates, draws, x);
  EXPECT_EQ(x[0], kStates);
}

TEST(Redraw, ChangesATokenWithTheRateOfMovesThatDoNotComeBack) {
  const auto original = some_tokens();
  for (const double p : {0.001, 0.3, 0.999}) {
    const auto threshold = static_cast<std::uint64_t>(p * kTwo32);
    double changed = 0;
    for (std::uint64_t i = 0; i < kSamples; ++i) {
      std::vector<std::uint8_t> x(kTokens);
      redraw<std::uint8_t>(original, threshold, kStates,
                           PhiloxStream(1, proto::Split::kTrain, 0, i), x);
      for (std::size_t j = 0; j < kTokens; ++j) changed += x[j] != original[j] ? 1 : 0;
    }
    expect_rate(changed, kSamples * kTokens, p * (kStates - 1) / kStates);
  }
}

// Also when only few tokens move: the words that choose the state are not the words that choose the
// positions.
TEST(Redraw, IsUniformOverTheStates) {
  const std::vector<std::uint16_t> original(kTokens, 500);  // no state, so that every move is seen
  for (const double p : {0.01, 0.7, 1.0}) {
    const auto threshold = static_cast<std::uint64_t>(p * kTwo32);
    std::vector<std::uint64_t> counts(kStates);
    for (std::uint64_t i = 0; i < kSamples; ++i) {
      std::vector<std::uint16_t> x(kTokens);
      redraw<std::uint16_t>(original, threshold, kStates,
                            PhiloxStream(1, proto::Split::kTrain, 0, i), x);
      for (const std::uint16_t state : x) {
        if (state != 500) ++counts.at(state);
      }
    }
    expect_uniform(counts, "p = " + std::to_string(p));
  }
}

TEST(Redraw, TakesNothing) {
  const auto original = some_tokens();
  std::vector<std::uint8_t> x(kTokens);
  redraw<std::uint8_t>(original, 0, kStates, PhiloxStream(1, proto::Split::kTrain, 0, 0), x);
  EXPECT_EQ(x, original);
}

}  // namespace
}  // namespace millrace::providers
