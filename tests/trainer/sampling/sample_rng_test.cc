// Random numbers of sampling, draws from probabilities, and the effect of temperature, top-k and
// top-p on these.
#include "trainer/sampling/sample_rng.h"

#include <gtest/gtest.h>

#include <cmath>

#include "trainer/sampling/logits_filter.h"

namespace millrace::trainer {
namespace {

const auto kDouble = torch::dtype(torch::kFloat64);

TEST(SampleRng, NumbersAreUniform) {
  constexpr std::int64_t kCount = 100000;
  const auto u = SampleRng(3, 0, 2).uniform(kCount, torch::kCPU);
  EXPECT_GE(u.min().item<double>(), 0.0);
  EXPECT_LT(u.max().item<double>(), 1.0);
  const auto counts =
      torch::bincount((u * 10).to(torch::kInt64).flatten(), {}, 10).to(torch::kFloat64);
  const double expected = 2.0 * kCount / 10.0;
  EXPECT_LT(((counts - expected).square() / expected).sum().item<double>(),
            9.0 + 5.0 * std::sqrt(18.0));
  const auto a = u.select(0, 0) - 0.5, b = u.select(0, 1) - 0.5;
  EXPECT_LT(std::abs((a * b).mean().item<double>()), 5.0 / 12.0 / std::sqrt(kCount));
}

TEST(SampleRng, NumbersContinueAcrossCallsAndDependOnTheSampleAlone) {
  const auto all = SampleRng(3, 0, 5).uniform(6, torch::kCPU);
  SampleRng some(3, 2, 2);
  const auto first = some.uniform(4, torch::kCPU);
  const auto then = some.uniform(2, torch::kCPU);
  EXPECT_TRUE(torch::equal(torch::cat({first, then}, 1), all.narrow(0, 2, 2)));
  EXPECT_FALSE(torch::equal(SampleRng(4, 0, 5).uniform(6, torch::kCPU), all));
}

TEST(Draw, InvertsTheDistributionFunction) {
  const auto p = torch::tensor({0.0, 0.25, 0.0, 0.5, 0.25, 0.0}, kDouble);
  const auto u =
      torch::tensor({0.0, 0.2499, 0.25, 0.7499, 0.75, std::nextafter(1.0, 0.0)}, kDouble);
  const auto wanted = torch::tensor({1, 1, 3, 3, 4, 4}, torch::kInt64);
  for (const double scale : {1.0, 1.0 / 3.0, 1e-12, 7e5}) {
    EXPECT_TRUE(torch::equal(draw((p * scale).expand({6, 6}), u), wanted)) << scale;
  }
}

TEST(LogitsFilter, ChangesNothingByDefault) {
  const auto logits = torch::randn({4, 7});
  EXPECT_TRUE(
      torch::allclose(probabilities_of(logits, {}), at::softmax(logits.to(torch::kFloat64), 1)));
  EXPECT_EQ(probabilities_of(logits, {}).scalar_type(), torch::kFloat64);
}

TEST(LogitsFilter, TemperatureDividesLogits) {
  const auto logits = torch::randn({4, 7}, kDouble);
  EXPECT_TRUE(torch::allclose(probabilities_of(logits, {.temperature = 0.5}),
                              at::softmax(logits * 2.0, 1)));
  EXPECT_TRUE(
      torch::equal(probabilities_of(logits, {.temperature = 0.0}).argmax(1), logits.argmax(1)));
  EXPECT_EQ(probabilities_of(logits, {.temperature = 0.0}).sum().item<double>(), 4.0);
}

TEST(LogitsFilter, TopKKeepsTheLikeliest) {
  const auto logits = torch::tensor({{0.1, 0.4, 0.2, 0.3}}, kDouble).log();
  const auto found = probabilities_of(logits, {.top_k = 2});
  EXPECT_TRUE(torch::allclose(found, torch::tensor({{0.0, 4.0 / 7, 0.0, 3.0 / 7}}, kDouble)));
  EXPECT_TRUE(torch::allclose(probabilities_of(logits, {.top_k = 9}), logits.exp()));
  const auto equal = probabilities_of(torch::zeros({1, 4}, kDouble), {.top_k = 1});
  EXPECT_EQ(equal[0][0].item<double>(), 1.0);
}

TEST(LogitsFilter, TopPKeepsTheFewestThatReachIt) {
  const auto logits = torch::tensor({{0.125, 0.5, 0.125, 0.25}}, kDouble).log();
  const auto kept = [&](double top_p, std::int64_t top_k = 0) {
    return probabilities_of(logits, {.top_k = top_k, .top_p = top_p})
        .gt(0.0)
        .sum()
        .item<std::int64_t>();
  };
  EXPECT_EQ(kept(1e-9), 1);
  EXPECT_EQ(kept(0.49), 1);
  EXPECT_EQ(kept(0.51), 2);
  EXPECT_EQ(kept(0.74), 2);
  EXPECT_EQ(kept(0.76), 3);
  EXPECT_EQ(kept(0.6, 2), 1);  // of 2/3 and 1/3
  EXPECT_TRUE(torch::allclose(probabilities_of(logits, {.top_p = 0.6}),
                              torch::tensor({{0.0, 2.0 / 3, 0.0, 1.0 / 3}}, kDouble)));
}

}  // namespace
}  // namespace millrace::trainer
