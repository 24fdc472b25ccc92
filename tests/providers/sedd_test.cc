// The providers sedd and masked: the content of their samples, against the papers' formulas.
// (conformance_test.cc tests that they are pure.)
#include "providers/sedd.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "proto/digest.h"
#include "proto/files.h"
#include "providers/masked.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

using proto::Batch;
using proto::Split;

constexpr std::uint32_t kBlock = 64;
constexpr std::uint32_t kSymbols = 16;

config::Options sedd_options(const std::string& graph, const std::string& noise) {
  config::Options options = small_options(kBlock);
  options.provider.name = "sedd";
  options.provider.graph = graph;
  options.provider.noise = noise;
  return options;
}

double move_probability(const std::string& noise, double t) {
  if (noise == "loglinear") return (1 - 1e-3) * t;
  return -std::expm1(-std::pow(1e-4, 1 - t) * std::pow(20.0, t));
}

TEST(Sedd, DescribesAbsorb) {
  const auto provider = make_sedd(sedd_options("absorb", "loglinear"));
  const proto::StreamMeta& meta = provider->meta();
  EXPECT_EQ(meta.provider, "sedd");
  EXPECT_EQ(meta.vocab_size, kSymbols + 1);
  EXPECT_EQ(meta.mask_token_id, kSymbols);
  EXPECT_EQ(meta.vocabulary.back(), "[MASK]");
  EXPECT_EQ(meta.block_size, kBlock);
  expect_elements(meta.train_stages, {"absorb, loglinear(noise_eps=0.001)"});
  EXPECT_EQ(meta.val_stages, meta.train_stages);
  EXPECT_EQ(meta.size(Split::kTrain), proto::kEndless);
  EXPECT_EQ(meta.size(Split::kVal), 10'000U / kBlock);  // val windows lie side by side
  EXPECT_EQ(meta.size(Split::kTest), 0U);
  using proto::LogicalType;
  using proto::Role;
  using proto::WireType;
  expect_elements(
      meta.schema.fields,
      {proto::Field{"x", WireType::kU8, LogicalType::kI64, {kBlock}, Role::kInput, false},
       proto::Field{"y", WireType::kU8, LogicalType::kI64, {kBlock}, Role::kTarget, false},
       proto::Field{"t", WireType::kF32, LogicalType::kF32, {}, Role::kTime, false}});
}

TEST(Sedd, DescribesUniform) {
  const auto provider = make_sedd(sedd_options("uniform", "geometric"));
  const proto::StreamMeta& meta = provider->meta();
  EXPECT_EQ(meta.vocab_size, kSymbols);
  EXPECT_EQ(meta.vocabulary.size(), kSymbols);
  EXPECT_EQ(meta.mask_token_id, std::nullopt);
  expect_elements(meta.train_stages, {"uniform, geometric(sigma_min=1e-04,sigma_max=20)"});
}

// 255 tokens and [MASK] still fit one byte, 256 and [MASK] do not.
TEST(Sedd, TakesTheNarrowestTypeOfItsStates) {
  const auto type_of = [](std::uint32_t characters, const std::string& graph) {
    const TextFile file(distinct_characters(characters));
    config::Options options = sedd_options(graph, "loglinear");
    options.data.path = file.path();
    options.data.val_fraction = 0;
    return make_sedd(options)->meta().schema.fields[0].wire;
  };
  EXPECT_EQ(type_of(255, "absorb"), proto::WireType::kU8);
  EXPECT_EQ(type_of(256, "absorb"), proto::WireType::kU16);
  EXPECT_EQ(type_of(256, "uniform"), proto::WireType::kU8);
}

TEST(Sedd, WideTokensAreNoisedAlike) {
  const TextFile file(distinct_characters(1000));
  config::Options options = sedd_options("absorb", "loglinear");
  options.data.path = file.path();
  options.data.val_fraction = 0;
  const Batch batch = fill_batch(*make_sedd(options), {Split::kTrain, 0, 100, {}});
  const auto x = batch.values<std::uint16_t>(0);
  const auto y = batch.values<std::uint16_t>(1);
  double masked = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_LT(y[i], 1000);
    ASSERT_TRUE(x[i] == y[i] || x[i] == 1000);
    masked += x[i] == 1000 ? 1 : 0;
  }
  EXPECT_GT(masked, 0.4 * static_cast<double>(x.size()));
  EXPECT_LT(masked, 0.6 * static_cast<double>(x.size()));
}

TEST(Sedd, ItsTargetsAreTheWindowsOfTheText) {
  const std::string text = proto::read_file(generated_file());
  const auto provider = make_sedd(sedd_options("absorb", "loglinear"));
  const Batch batch = fill_batch(*provider, {Split::kTrain, 0, 20, {}});
  const auto y = batch.values<std::uint8_t>(1);
  for (std::size_t row = 0; row < 20; ++row) {
    std::string window;
    for (std::size_t j = 0; j < kBlock; ++j) {
      window += provider->meta().vocabulary[y[row * kBlock + j]];
    }
    EXPECT_NE(text.find(window), std::string::npos) << window;
  }
}

/// Expects that tokens move with the probability of their sample's time, in every tenth of the
/// times.
void expect_rates(const std::string& graph, const std::string& noise) {
  const bool absorbs = graph == "absorb";
  constexpr std::uint32_t kSamples = 20'000;
  const Batch batch =
      fill_batch(*make_sedd(sedd_options(graph, noise)), {Split::kTrain, 0, kSamples, {}});
  const auto x = batch.values<std::uint8_t>(0);
  const auto y = batch.values<std::uint8_t>(1);
  const auto t = batch.values<float>(2);
  double moved[10] = {};
  double expected[10] = {};
  double variance[10] = {};
  for (std::uint32_t row = 0; row < kSamples; ++row) {
    const auto tenth = std::min<std::size_t>(9, static_cast<std::size_t>(10 * t[row]));
    const double p =
        move_probability(noise, t[row]) * (absorbs ? 1.0 : (kSymbols - 1.0) / kSymbols);
    expected[tenth] += kBlock * p;
    variance[tenth] += kBlock * p * (1 - p);
    for (std::size_t i = row * kBlock; i < (row + 1) * kBlock; ++i) {
      moved[tenth] += x[i] != y[i] ? 1 : 0;
      ASSERT_TRUE(x[i] == y[i] || (absorbs ? x[i] == kSymbols : x[i] < kSymbols));
    }
  }
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_LE(std::abs(moved[i] - expected[i]), kSigmas * std::sqrt(variance[i]) + 1e-9)
        << graph << ", " << noise << ", tenth " << i << ": " << moved[i] << " for " << expected[i];
  }
}

TEST(Sedd, MovesTokensWithTheProbabilityOfTheirTime) {
  for (const std::string graph : {"absorb", "uniform"}) {
    for (const std::string noise : {"loglinear", "geometric"}) expect_rates(graph, noise);
  }
}

TEST(Sedd, RedrawsUniformly) {
  const Batch batch =
      fill_batch(*make_sedd(sedd_options("uniform", "geometric")), {Split::kTrain, 0, 20'000, {}});
  const auto x = batch.values<std::uint8_t>(0);
  const auto y = batch.values<std::uint8_t>(1);
  for (const std::size_t from : {0U, 7U, 15U}) {
    std::vector<std::uint64_t> to(kSymbols);
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (y[i] == from) ++to[x[i]];
    }
    // Tokens that did not move are counted there too.
    to.erase(to.begin() + static_cast<std::ptrdiff_t>(from));
    expect_uniform(to, "from " + std::to_string(from));
  }
}

TEST(Sedd, StratifiesTimesByGroup) {
  config::Options options = sedd_options("absorb", "loglinear");
  options.provider.t_group = 32;
  const auto provider = make_sedd(options);
  for (const Split split : {Split::kTrain, Split::kVal}) {
    const Batch batch = fill_batch(*provider, {split, 32, 32, {}});
    std::vector<float> t(batch.values<float>(2).begin(), batch.values<float>(2).end());
    std::ranges::sort(t);
    for (std::size_t i = 1; i < t.size(); ++i) EXPECT_NEAR(t[i] - t[i - 1], (1 - 1e-3) / 32, 1e-6);
  }
}

TEST(Sedd, DrawsTimesAboveItsEpsilon) {
  config::Options options = sedd_options("absorb", "loglinear");
  options.provider.sampling_eps = 0.5;
  const Batch batch = fill_batch(*make_sedd(options), {Split::kTrain, 0, 5000, {}});
  double sum = 0;
  for (const float t : batch.values<float>(2)) {
    ASSERT_GE(t, 0.5F);
    ASSERT_LE(t, 1.0F);
    sum += t;
  }
  EXPECT_NEAR(sum / 5000, 0.75, kSigmas * 0.5 / std::sqrt(12.0 * 5000));
}

TEST(Masked, HasTheBytesOfSeddOverTheAbsorbGraph) {
  for (const std::string noise : {"loglinear", "geometric"}) {
    config::Options options = sedd_options("absorb", noise);
    const auto sedd = make_sedd(options);
    options.provider.name = "masked";
    const auto masked = make_masked(options);
    EXPECT_EQ(masked->meta().provider, "masked");
    EXPECT_EQ(masked->meta().schema, sedd->meta().schema);
    EXPECT_EQ(masked->meta().mask_token_id, kSymbols);
    EXPECT_NE(masked->meta().fingerprint, sedd->meta().fingerprint);
    const Batch a = fill_batch(*sedd, {Split::kTrain, 5, 20, {}});
    const Batch b = fill_batch(*masked, {Split::kTrain, 5, 20, {}});
    for (std::uint32_t row = 0; row < 20; ++row) {
      EXPECT_EQ(proto::sample_digest(sedd->meta().schema, a, row),
                proto::sample_digest(masked->meta().schema, b, row));
    }
  }
}

TEST(Masked, HasNoGraphToChoose) {
  config::Options options = sedd_options("absorb", "loglinear");
  options.provider.name = "masked";
  const std::string fingerprint = make_masked(options)->meta().fingerprint;
  options.provider.graph = "uniform";
  EXPECT_EQ(make_masked(options)->meta().fingerprint, fingerprint);
}

}  // namespace
}  // namespace millrace::providers
