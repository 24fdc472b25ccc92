// D3PM's loss and bound: the divergence of the two posteriors by enumeration, and the closed form
// of a constant network.
#include "trainer/objectives/d3pm_absorb.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/columns.h"

namespace millrace::trainer {
namespace {

using proto::Role;
using testing::batch_of;
using testing::FixedNetwork;

constexpr std::int64_t kTokens = 4, kMask = kTokens;
const auto kDouble = torch::dtype(torch::kFloat64);

/// KL of q(x_t | x_τ = m, x_0) from p(x_t | x_τ = m), over x_t, from ᾱ_s = 1 − s/T alone.
double divergence(const std::vector<double>& p, std::int64_t x0, double tau, double timesteps) {
  const double before = 1 - (tau - 1) / timesteps, after = 1 - tau / timesteps;
  const double unmask = (before - after) / (1 - after);
  double sum = 0.0;  // staying masked is as likely under both
  for (std::int64_t y = 0; y < kTokens; ++y) {
    if (y == x0) {
      sum += unmask * std::log(unmask / (unmask * p[static_cast<std::size_t>(y)]));
    }
  }
  return sum;
}

TEST(D3pmAbsorb, IsTheDivergenceOfThePosteriorsAndTheCrossEntropy) {
  torch::manual_seed(9);
  const auto logits = torch::randn({3, 2, kTokens + 1}, kDouble);
  const auto tau = torch::tensor({1, 2, 7});
  const auto x0 = torch::tensor({{0, 1}, {2, 3}, {1, 1}});
  const auto x = x0.masked_fill(torch::tensor({{true, false}, {true, false}, {true, true}}), kMask);
  const auto batch = batch_of({{Role::kInput, x}, {Role::kTarget, x0}, {Role::kTime, tau}});
  FixedNetwork network(logits);
  const torch::NoGradGuard no_grad;
  const auto loss =
      make_d3pm_absorb({.timesteps = 10, .mask = kMask, .ce_weight = 0.05})->loss(network, batch);
  const auto p = torch::softmax(logits.narrow(2, 0, kTokens), 2);
  for (std::int64_t b = 0; b < 3; ++b) {
    double kl = 0.0, ce = 0.0;
    for (std::int64_t i = 0; i < 2; ++i) {
      std::vector<double> row;
      for (std::int64_t y = 0; y < kTokens; ++y) row.push_back(p[b][i][y].item<double>());
      const auto wanted = x0[b][i].item<std::int64_t>();
      ce -= std::log(row[static_cast<std::size_t>(wanted)]);
      if (x[b][i].item<std::int64_t>() == kMask) {
        kl += divergence(row, wanted, tau[b].item<double>(), 10);
      }
    }
    EXPECT_NEAR(loss.sum[b].item<double>(), b == 0 ? ce : kl + 0.05 * ce, 1e-12) << b;
    EXPECT_NEAR(loss.metrics.at("bound")[b].item<double>(), 10 * (b == 0 ? ce : kl), 1e-11) << b;
    EXPECT_EQ(loss.weight[b].item<std::int64_t>(), 2);
  }
  EXPECT_TRUE(torch::equal(network.asked.time, tau));
  const auto objective = make_d3pm_absorb({.timesteps = 10, .mask = kMask});
  EXPECT_TRUE(torch::equal(objective->logits(network, batch), logits));
}

/// One sample per τ, with exactly its share of the T positions masked.
double bound_of_constant(std::int64_t timesteps, double& last_entropy) {
  const auto x0 = torch::zeros({timesteps, timesteps}, torch::kInt64);
  const auto tau = torch::arange(1, timesteps + 1);
  const auto masked = torch::arange(timesteps).unsqueeze(0).lt(tau.unsqueeze(1));
  const auto x = x0.masked_fill(masked, kMask);
  // 2 nats for every masked token, ln 2 for a visible one.
  // Of three others, against 0 for the right one.
  const auto certain = [](double nats) { return std::log(std::expm1(nats)); };
  auto logits = torch::zeros({timesteps, timesteps, kTokens + 1}, torch::dtype(torch::kFloat32));
  logits.narrow(2, 1, kTokens - 1)
      .copy_(torch::where(masked, certain(2.0), certain(std::log(2.0))).unsqueeze(2) -
             std::log(3.0));
  FixedNetwork network(logits);
  const torch::NoGradGuard no_grad;
  const auto loss =
      make_d3pm_absorb({.timesteps = timesteps, .mask = kMask})
          ->loss(network, batch_of({{Role::kInput, x}, {Role::kTarget, x0}, {Role::kTime, tau}}));
  last_entropy = loss.sum[0].item<double>() / static_cast<double>(timesteps);
  return loss.metrics.at("bound").to(torch::kFloat64).sum().item<double>() /
         static_cast<double>(timesteps * timesteps);
}

TEST(D3pmAbsorb, AConstantCrossEntropyGivesTheClosedForm) {
  for (const std::int64_t timesteps : {2, 4, 1000}) {
    double last_entropy = 0.0;
    const double bound = bound_of_constant(timesteps, last_entropy);
    const double share = 1.0 / static_cast<double>(timesteps);
    EXPECT_NEAR(last_entropy, 2.0 * share + std::log(2.0) * (1 - share), 1e-5) << timesteps;
    EXPECT_NEAR(bound, 2.0 * (1 - share) + last_entropy, 1e-5) << timesteps;
  }
}

TEST(D3pmAbsorb, GradientsAreThoseOfFiniteDifferences) {
  torch::manual_seed(10);
  const auto x0 = torch::randint(kTokens, {4, 3}, torch::kInt64);
  const auto x = x0.masked_fill(torch::rand({4, 3}).lt(0.5), kMask);
  const auto batch = batch_of(
      {{Role::kInput, x}, {Role::kTarget, x0}, {Role::kTime, torch::tensor({1, 2, 3, 4})}});
  const auto value = [&](const torch::Tensor& logits) {
    FixedNetwork network(logits);
    return make_d3pm_absorb({.timesteps = 4, .mask = kMask})->loss(network, batch).sum.sum();
  };
  EXPECT_LT(testing::largest_gradient_error(value, torch::randn({4, 3, kTokens + 1}, kDouble)),
            1e-6);
}

}  // namespace
}  // namespace millrace::trainer
