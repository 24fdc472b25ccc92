// Bounds of whole evaluations: closed forms of networks whose cross-entropy is constant, the
// entropy of a source that a network knows, and how the draws are spread.
#include "trainer/evaluation/nll_bound.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/columns.h"
#include "trainer/evaluation/likelihood_report.h"
#include "trainer/objectives/autoregressive.h"
#include "trainer/objectives/d3pm_absorb.h"
#include "trainer/objectives/mdlm.h"
#include "trainer/objectives/sedd.h"

namespace millrace::trainer {
namespace {

using proto::Role;
using testing::batch_of;

constexpr std::int64_t kTokens = 4, kMask = kTokens, kLength = 6;
constexpr double kEps = 1e-3;
const auto kDouble = torch::dtype(torch::kFloat64);

std::shared_ptr<const Noise> noise(const std::string& name = "loglinear") {
  config::ProviderOptions provider;
  provider.noise = name;
  return make_noise(provider);
}

EvalNoise fresh(std::uint64_t windows, std::uint32_t draws,
                std::optional<std::int64_t> mask = kMask, std::int64_t tokens = kTokens) {
  return {tokens + (mask ? 1 : 0), mask, 7, windows, draws};
}

Estimate estimate(const torch::Tensor& nats) {
  return mean_of({nats.const_data_ptr<double>(), nats.const_data_ptr<double>() + nats.numel()});
}

/// Knows nothing: each of the kTokens tokens alike, so ln kTokens a token.
struct Ignorant : Network {
  torch::Tensor encode(const NetworkInput& input) override {
    return torch::zeros({input.tokens.size(0), input.tokens.size(1), kTokens + 1}, kDouble);
  }
  torch::Tensor project(const torch::Tensor& hidden) override { return hidden; }
};

DeviceBatch clean(const torch::Tensor& x0) {
  return batch_of({{Role::kInput, x0}, {Role::kTarget, x0}});
}
DeviceBatch random_windows(std::int64_t count) {
  torch::manual_seed(3);
  return clean(torch::randint(kTokens, {count, kLength}, torch::kInt64));
}

TEST(EvalNoise, TimesAreSpreadEvenlyOverWindowsAndDraws) {
  const EvalNoise draws = fresh(50, 4);
  std::set<int> parts;
  for (std::uint32_t draw = 0; draw < 4; ++draw) {
    const auto values = draws.uniform(0, 50, draw);
    EXPECT_TRUE(torch::equal(draws.uniform(20, 5, draw), values.narrow(0, 20, 5)));
    for (std::int64_t w = 0; w < 50; ++w) {
      const auto value = values[w].item<double>();
      EXPECT_EQ(static_cast<std::uint32_t>(value * 4), draw);
      parts.insert(static_cast<int>(value * 200));
    }
  }
  EXPECT_EQ(parts.size(), 200U);
}

TEST(EvalNoise, NoisesTheRequestedShareOfTokensForAnyBatching) {
  const auto x0 = torch::zeros({40, 500}, torch::kInt64);
  const auto moved = torch::full({40}, 0.3, kDouble);
  const auto absorbed = fresh(40, 2).noised(x0, moved, 0, 1),
             redrawn = fresh(40, 2, std::nullopt).noised(x0, moved, 0, 1);
  const double sd = std::sqrt(0.3 * 0.7 / 20000);
  EXPECT_NEAR(absorbed.eq(kMask).to(torch::kFloat64).mean().item<double>(), 0.3, 4 * sd);
  for (std::int64_t token = 1; token < kTokens; ++token) {
    EXPECT_NEAR(redrawn.eq(token).to(torch::kFloat64).mean().item<double>(), 0.3 / kTokens, 4 * sd)
        << token;
  }
  EXPECT_LT(redrawn.max().item<std::int64_t>(), kTokens);
  EXPECT_TRUE(torch::equal(fresh(40, 2).noised(x0.narrow(0, 10, 3), moved.narrow(0, 10, 3), 10, 1),
                           absorbed.narrow(0, 10, 3)));
  EXPECT_FALSE(torch::equal(fresh(40, 2).noised(x0, moved, 0, 0), absorbed));
  EXPECT_TRUE(torch::equal(fresh(40, 2).noised(x0, torch::ones({40}, kDouble), 0, 0),
                           torch::full_like(x0, kMask)));
  EXPECT_TRUE(torch::equal(fresh(40, 2).noised(x0, torch::zeros({40}, kDouble), 0, 0), x0));
}

/// Of ln kTokens nats at each masked token, the integral over the noise from σ(ε_s) to σ(1) of what
/// becomes unmasked.
double share_in_range(const Noise& noise) {
  const auto left = torch::exp(-noise.total(torch::tensor({kEps, 1.0}, kDouble)));
  return (left[0] - left[1]).item<double>();
}

TEST(NllBound, AConstantCrossEntropyHasItsClosedFormInContinuousTime) {
  const auto batch = random_windows(4000);
  for (const char* const name : {"loglinear", "geometric"}) {
    const auto mdlm = make_mdlm(noise(name), kMask);
    const auto sedd = make_sedd(AbsorbingSedd{noise(name), kTokens + 1, kMask, true});
    Ignorant network;
    const torch::NoGradGuard no_grad;
    const auto nats =
        make_continuous_bound(*mdlm, {noise(name), kEps}, fresh(4000, 4))->nll(network, batch, 0);
    const Estimate found = estimate(nats);
    EXPECT_NEAR(found.value, share_in_range(*noise(name)) * kLength * std::log(kTokens),
                3 * *found.standard_error)
        << name;
    const auto same =
        make_continuous_bound(*sedd, {noise(name), kEps}, fresh(4000, 4))->nll(network, batch, 0);
    EXPECT_TRUE(torch::allclose(nats, same, 1e-6, 1e-9)) << name;
  }
}

TEST(NllBound, OverTheUniformGraphIncludesTheTermAtTheEndOfTheNoise) {
  config::ProviderOptions provider;
  provider.noise = "geometric";
  provider.sigma_max = 1.0;  // at t = 1 more than a third of the tokens is as it was
  const auto schedule = make_noise(provider);
  const auto objective = make_sedd(UniformSedd{schedule, kTokens});
  // Of uniform tokens the exact scores are all 1, and the bound is their entropy.
  const auto batch = random_windows(4000);
  testing::FixedNetwork network(torch::zeros({4000, kLength, kTokens}, kDouble));
  const torch::NoGradGuard no_grad;
  const auto bound =
      make_continuous_bound(*objective, {schedule, kEps}, fresh(4000, 16, std::nullopt));
  const Estimate found = estimate(bound->nll(network, batch, 0));
  constexpr double kLeftOut = 2e-3;  // of a token: σ ln(1/σ) up to σ(ε_s) = 1e-4
  EXPECT_NEAR(found.value, kLength * std::log(kTokens),
              3 * *found.standard_error + kLength * kLeftOut);
  EXPECT_LT(*found.standard_error, 0.05);
}

TEST(NllBound, AConstantCrossEntropyGivesTheSameBoundForAnyNumberOfSteps) {
  const auto batch = random_windows(4000);
  const auto objective = make_mdlm(noise(), kMask);
  Ignorant network;
  const torch::NoGradGuard no_grad;
  for (const std::int64_t steps : {1, 2, 4, 1000}) {
    const Estimate found =
        estimate(make_steps_bound(*objective, {noise(), kEps}, fresh(4000, 4), steps)
                     ->nll(network, batch, 0));
    EXPECT_NEAR(found.value, 0.999 * kLength * std::log(kTokens), 3 * *found.standard_error)
        << steps;
  }
}

TEST(NllBound, D3pmEqualsItsClosedForm) {
  const auto batch = random_windows(4000);
  Ignorant network;
  const torch::NoGradGuard no_grad;
  for (const std::int64_t timesteps : {2, 4, 1000}) {
    const auto objective = make_d3pm_absorb({.timesteps = timesteps, .mask = kMask});
    for (const std::int64_t steps : {std::int64_t{1}, std::int64_t{2}, timesteps}) {
      const Estimate found = estimate(
          make_d3pm_bound(*objective, timesteps, fresh(4000, 4), steps)->nll(network, batch, 0));
      const double c = std::log(kTokens) * kLength;  // and CE_0, over all positions
      EXPECT_NEAR(found.value, c * (1.0 - 1.0 / static_cast<double>(steps)) + c,
                  3 * *found.standard_error + 1e-9)
          << timesteps << ' ' << steps;
    }
  }
}

TEST(NllBound, TheErrorShrinksAsTheRootOfTheNumberOfWindows) {
  const auto objective = make_mdlm(noise(), kMask);
  Ignorant network;
  const torch::NoGradGuard no_grad;
  const auto error = [&](std::int64_t windows) {
    const auto bound = make_continuous_bound(*objective, {noise(), kEps},
                                             fresh(static_cast<std::uint64_t>(windows), 8));
    return *estimate(bound->nll(network, random_windows(windows), 0)).standard_error;
  };
  EXPECT_NEAR(error(500) / error(8000), 4.0, 0.8);
}

TEST(NllBound, DoesNotDependOnBatches) {
  const auto batch = random_windows(20);
  const auto& x0 = batch.at(Role::kTarget);
  const auto objective = make_mdlm(noise(), kMask);
  const auto bound = make_continuous_bound(*objective, {noise(), kEps}, fresh(20, 3));
  Ignorant network;
  const torch::NoGradGuard no_grad;
  const auto whole = bound->nll(network, batch, 0);
  const auto part = bound->nll(network, clean(x0.narrow(0, 12, 5)), 12);
  EXPECT_TRUE(torch::allclose(part, whole.narrow(0, 12, 5), 1e-12, 1e-12));
}

/// Two tokens of three kinds with these joint probabilities: their entropy, and a network that
/// knows them.
constexpr std::array<std::array<double, 3>, 3> kJoint{
    {{0.30, 0.05, 0.05}, {0.02, 0.20, 0.08}, {0.10, 0.05, 0.15}}};

double entropy() {
  double sum = 0.0;
  for (const auto& row : kJoint) {
    for (const double p : row) {
      sum -= p * std::log(p);
    }
  }
  return sum;
}

torch::Tensor texts_of_the_source(std::int64_t count) {
  torch::manual_seed(5);
  const auto joint = torch::from_blob(const_cast<double*>(kJoint[0].data()), {9}, torch::kFloat64);
  const auto pair = torch::multinomial(joint, count, /*replacement=*/true);
  return torch::stack({pair.floor_divide(3), pair.remainder(3)}, 1);
}

struct Knowing : Network {
  torch::Tensor encode(const NetworkInput& input) override {
    const auto joint =
        torch::from_blob(const_cast<double*>(kJoint[0].data()), {3, 3}, torch::kFloat64);
    // By the second, 3 = masked: p(first, second).
    const auto first = at::cat({joint.transpose(0, 1), joint.sum(1).unsqueeze(0)});
    const auto second = at::cat({joint, joint.sum(0).unsqueeze(0)});
    const auto known = torch::stack({first.index_select(0, input.tokens.select(1, 1)),
                                     second.index_select(0, input.tokens.select(1, 0))},
                                    1);
    return at::cat({known.log(), torch::zeros({input.tokens.size(0), 2, 1}, kDouble)}, 2);
  }
  torch::Tensor project(const torch::Tensor& hidden) override { return hidden; }
};

TEST(NllBound, AnExactNetworksBoundIsTheEntropyOfTheSource) {
  constexpr std::int64_t kWindows = 20000;
  const auto batch = clean(texts_of_the_source(kWindows));
  const auto objective = make_mdlm(noise(), 3);
  Knowing network;
  const torch::NoGradGuard no_grad;
  const EvalNoise draws = fresh(kWindows, 4, 3, 3);
  const ContinuousTime time{noise(), kEps};
  const Estimate found =
      estimate(make_continuous_bound(*objective, time, draws)->nll(network, batch, 0));
  const double left_out = 2 * 2 * kEps * std::log(3.0);  // t below ε_s, and what is never masked
  EXPECT_NEAR(found.value, entropy(), 3 * *found.standard_error + left_out);
  EXPECT_LT(*found.standard_error, 0.05 * entropy());
  // In few steps several tokens are told at once, which costs what they know of each other; in many
  // it costs nothing.
  const auto in_steps = [&](std::int64_t steps) {
    return estimate(make_steps_bound(*objective, time, draws, steps)->nll(network, batch, 0));
  };
  double apart = 0.0;
  for (std::size_t i = 0; i < 3; ++i) {
    double row = 0.0, column = 0.0;
    for (std::size_t j = 0; j < 3; ++j) row += kJoint[i][j], column += kJoint[j][i];
    apart -= row * std::log(row) + column * std::log(column);
  }
  const Estimate one = in_steps(1), two = in_steps(2), many = in_steps(512);
  EXPECT_NEAR(one.value, apart, 3 * *one.standard_error + left_out);
  EXPECT_NEAR(two.value, (apart + entropy()) / 2, 3 * *two.standard_error + left_out);
  EXPECT_NEAR(many.value, entropy() + (apart - entropy()) / 512,
              3 * *many.standard_error + left_out);
}

/// The chain rule's own conditionals of that source, after a first token that is given.
struct Chain : Network {
  torch::Tensor encode(const NetworkInput& input) override {
    const auto joint =
        torch::from_blob(const_cast<double*>(kJoint[0].data()), {3, 3}, torch::kFloat64);
    return (joint / joint.sum(1, true))
        .log()
        .index_select(0, input.tokens.flatten())
        .view({input.tokens.size(0), 1, 3});
  }
  torch::Tensor project(const torch::Tensor& hidden) override { return hidden; }
};

TEST(NllBound, AutoregressiveIsExact) {
  torch::Tensor pairs = torch::zeros({9, 2}, torch::kInt64);
  for (std::int64_t n = 0; n < 9; ++n) pairs[n][0] = n / 3, pairs[n][1] = n % 3;
  const auto objective = make_autoregressive(-100);
  Chain network;
  const torch::NoGradGuard no_grad;
  const auto nats = make_exact(*objective)
                        ->nll(network,
                              batch_of({{Role::kInput, pairs.narrow(1, 0, 1)},
                                        {Role::kTarget, pairs.narrow(1, 1, 1)}}),
                              0);
  double conditional = 0.0, first = 0.0;
  for (std::size_t a = 0; a < 3; ++a) {
    double row = 0.0;
    for (std::size_t b = 0; b < 3; ++b) {
      row += kJoint[a][b],
          conditional += kJoint[a][b] * nats[static_cast<std::int64_t>(3 * a + b)].item<double>();
    }
    first -= row * std::log(row);
  }
  EXPECT_NEAR(conditional, entropy() - first, 1e-12);
}

}  // namespace
}  // namespace millrace::trainer
