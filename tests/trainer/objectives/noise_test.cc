// Noise schedules: closed forms, endpoints, and the rate against the derivative.
#include "trainer/objectives/noise.h"

#include <gtest/gtest.h>

#include <cmath>

namespace millrace::trainer {
namespace {

config::ProviderOptions schedule(const std::string& name) {
  config::ProviderOptions provider;
  provider.noise = name;
  return provider;
}

torch::Tensor time(double t) { return torch::tensor({t}, torch::kFloat64); }

TEST(Noise, LoglinearNoisesAShareThatIsLinearInTime) {
  const auto noise = make_noise(schedule("loglinear"));
  for (const double t : {0.001, 0.1, 0.5, 1.0}) {
    EXPECT_NEAR(1.0 - std::exp(-noise->total(time(t)).item<double>()), 0.999 * t, 1e-14) << t;
    EXPECT_NEAR(noise->rate(time(t)).item<double>(), 0.999 / (1.0 - 0.999 * t), 1e-10) << t;
  }
}

TEST(Noise, LoglinearWeighsMaskedTokensByOneOverTimeWhateverEpsilon) {
  for (const double eps : {1e-3, 1e-5, 0.3}) {
    auto provider = schedule("loglinear");
    provider.noise_eps = eps;
    const auto noise = make_noise(provider);
    for (const double t : {0.001, 0.37, 0.999}) {
      EXPECT_NEAR((noise->rate(time(t)) / torch::expm1(noise->total(time(t)))).item<double>() * t,
                  1.0, 1e-12)
          << eps << ' ' << t;
    }
  }
}

TEST(Noise, GeometricGoesFromSigmaMinToSigmaMax) {
  const auto noise = make_noise(schedule("geometric"));
  EXPECT_NEAR(noise->total(time(0)).item<double>(), 1e-4, 1e-16);
  EXPECT_NEAR(noise->total(time(1)).item<double>(), 20.0, 1e-12);
  EXPECT_NEAR(noise->total(time(0.25)).item<double>(), std::pow(1e-4, 0.75) * std::pow(20.0, 0.25),
              1e-15);
}

TEST(Noise, TheRateIsTheDerivative) {
  for (const char* const name : {"loglinear", "geometric"}) {
    const auto noise = make_noise(schedule(name));
    for (const double t : {0.01, 0.4, 0.95}) {
      constexpr double kStep = 1e-6;
      const double slope =
          (noise->total(time(t + kStep)) - noise->total(time(t - kStep))).item<double>() /
          (2 * kStep);
      EXPECT_NEAR(noise->rate(time(t)).item<double>() / slope, 1.0, 1e-6) << name << ' ' << t;
    }
  }
}

TEST(Noise, ComputesInF64WhateverTheDtypeOfTheTime) {
  const auto noise = make_noise(schedule("loglinear"));
  const auto t = torch::tensor({0.3F});
  EXPECT_EQ(noise->total(t).scalar_type(), torch::kFloat64);
  EXPECT_DOUBLE_EQ(noise->total(t).item<double>(), -std::log1p(-0.999 * static_cast<double>(0.3F)));
}

}  // namespace
}  // namespace millrace::trainer
