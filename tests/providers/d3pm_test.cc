// The provider d3pm: the content of its samples. (conformance_test.cc tests that it is pure.)
#include "providers/d3pm.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

using proto::Batch;
using proto::Split;

constexpr std::uint32_t kBlock = 64;
constexpr std::uint8_t kMask = 16;

config::Options d3pm_options(std::uint32_t timesteps) {
  config::Options options = small_options(kBlock);
  options.provider.name = "d3pm";
  options.provider.timesteps = timesteps;
  return options;
}

TEST(D3pm, DescribesItsStream) {
  const auto provider = make_d3pm(d3pm_options(1000));
  const proto::StreamMeta& meta = provider->meta();
  EXPECT_EQ(meta.provider, "d3pm");
  EXPECT_EQ(meta.vocab_size, 17U);
  EXPECT_EQ(meta.mask_token_id, kMask);
  expect_elements(meta.train_stages, {"absorb, timesteps=1000"});
  using proto::LogicalType;
  using proto::Role;
  using proto::WireType;
  expect_elements(
      meta.schema.fields,
      {proto::Field{"x", WireType::kU8, LogicalType::kI64, {kBlock}, Role::kInput, false},
       proto::Field{"y", WireType::kU8, LogicalType::kI64, {kBlock}, Role::kTarget, false},
       proto::Field{"t", WireType::kU16, LogicalType::kI64, {}, Role::kTime, false}});
}

// τ runs from 1 to T, both of which must fit.
TEST(D3pm, CountsStepsInTheNarrowestType) {
  EXPECT_EQ(make_d3pm(d3pm_options(255))->meta().schema.fields[2].wire, proto::WireType::kU8);
  EXPECT_EQ(make_d3pm(d3pm_options(256))->meta().schema.fields[2].wire, proto::WireType::kU16);
  EXPECT_EQ(make_d3pm(d3pm_options(65535))->meta().schema.fields[2].wire, proto::WireType::kU16);
  EXPECT_EQ(make_d3pm(d3pm_options(65536))->meta().schema.fields[2].wire, proto::WireType::kU32);
}

TEST(D3pm, DrawsEveryStepFromOneToTUniformly) {
  const Batch batch = fill_batch(*make_d3pm(d3pm_options(20)), {Split::kTrain, 0, 20'000, {}});
  std::vector<std::uint64_t> counts(20);
  for (const std::uint8_t tau : batch.values<std::uint8_t>(2)) ++counts.at(tau - 1U);
  expect_uniform(counts);
}

TEST(D3pm, StratifiesStepsByGroup) {
  config::Options options = d3pm_options(16);
  options.provider.t_group = 64;
  const Batch batch = fill_batch(*make_d3pm(options), {Split::kTrain, 128, 64, {}});
  std::vector<std::uint64_t> counts(17);
  for (const std::uint8_t tau : batch.values<std::uint8_t>(2)) ++counts.at(tau);
  for (std::size_t tau = 1; tau <= 16; ++tau) EXPECT_EQ(counts[tau], 4U) << tau;
}

TEST(D3pm, MasksWithProbabilityTauOfT) {
  constexpr std::uint32_t kSteps = 10;
  constexpr std::uint32_t kSamples = 20'000;
  const Batch batch =
      fill_batch(*make_d3pm(d3pm_options(kSteps)), {Split::kTrain, 0, kSamples, {}});
  const auto x = batch.values<std::uint8_t>(0);
  const auto y = batch.values<std::uint8_t>(1);
  const auto t = batch.values<std::uint8_t>(2);
  double masked[kSteps + 1] = {};
  double tokens[kSteps + 1] = {};
  for (std::uint32_t row = 0; row < kSamples; ++row) {
    tokens[t[row]] += kBlock;
    for (std::size_t i = row * kBlock; i < (row + 1) * kBlock; ++i) {
      masked[t[row]] += x[i] == kMask ? 1 : 0;
      ASSERT_TRUE(x[i] == kMask || x[i] == y[i]);
      ASSERT_LT(y[i], kMask);
    }
  }
  for (std::uint32_t tau = 1; tau <= kSteps; ++tau) {
    expect_rate(masked[tau], tokens[tau], static_cast<double>(tau) / kSteps,
                "tau " + std::to_string(tau));
  }
  EXPECT_EQ(masked[kSteps], tokens[kSteps]);  // exactly: at T nothing is left
}

TEST(D3pm, WritesWideSteps) {
  const Batch batch = fill_batch(*make_d3pm(d3pm_options(1'000'000)), {Split::kTrain, 0, 2000, {}});
  const auto t = batch.values<std::uint32_t>(2);
  EXPECT_GT(std::ranges::max(t), 65536U);
  for (const std::uint32_t tau : t) {
    ASSERT_GE(tau, 1U);
    ASSERT_LE(tau, 1'000'000U);
  }
}

TEST(D3pm, DoesNotLookAtContinuousNoise) {
  config::Options options = d3pm_options(1000);
  const std::string fingerprint = make_d3pm(options)->meta().fingerprint;
  options.provider.noise = "geometric";
  options.provider.sampling_eps = 0.1;
  EXPECT_EQ(make_d3pm(options)->meta().fingerprint, fingerprint);
}

}  // namespace
}  // namespace millrace::providers
