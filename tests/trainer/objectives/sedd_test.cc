// The score entropy against its definition, its zero, its meaning (the rate at which noise destroys
// information), and its gradient.
#include "trainer/objectives/sedd.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/columns.h"

namespace millrace::trainer {
namespace {

using proto::Role;
using testing::batch_of;
using testing::FixedNetwork;

constexpr std::int64_t kBatch = 3, kLength = 5, kTokens = 4, kMask = kTokens;
const auto kDouble = torch::dtype(torch::kFloat64);

std::shared_ptr<const Noise> noise(const std::string& name) {
  config::ProviderOptions provider;
  provider.noise = name;
  return make_noise(provider);
}

double K(double a) { return a * (std::log(a) - 1.0); }

/// Random x_0, half of it masked or redrawn, at three times.
struct Case {
  explicit Case(bool absorb) {
    torch::manual_seed(5);
    x0 = torch::randint(kTokens, {kBatch, kLength}, torch::kInt64);
    const auto moved = torch::rand({kBatch, kLength}).lt(0.5);
    x = torch::where(moved,
                     absorb ? torch::full_like(x0, kMask)
                            : torch::randint(kTokens, {kBatch, kLength}, torch::kInt64),
                     x0);
    t = torch::tensor({0.0625F, 0.5F, 0.9375F});
    logits = torch::randn({kBatch, kLength, absorb ? kTokens + 1 : kTokens}, kDouble);
  }
  [[nodiscard]] DeviceBatch batch() const {
    return batch_of({{Role::kInput, x}, {Role::kTarget, x0}, {Role::kTime, t}});
  }
  [[nodiscard]] std::int64_t x_at(std::int64_t b, std::int64_t i) const {
    return x[b][i].item<std::int64_t>();
  }
  [[nodiscard]] std::int64_t x0_at(std::int64_t b, std::int64_t i) const {
    return x0[b][i].item<std::int64_t>();
  }
  torch::Tensor x0, x, t, logits;
};

std::unique_ptr<Objective> absorb(const std::string& schedule, bool scaled) {
  return make_sedd(AbsorbingSedd{noise(schedule), kTokens + 1, kMask, scaled});
}
std::unique_ptr<Objective> uniform(const std::string& schedule) {
  return make_sedd(UniformSedd{noise(schedule), kTokens});
}

TEST(SeddAbsorb, EqualsItsDefinition) {
  const Case given(true);
  for (const char* const schedule : {"loglinear", "geometric"}) {
    for (const bool scaled : {false, true}) {
      FixedNetwork network(given.logits);
      const auto loss = absorb(schedule, scaled)->loss(network, given.batch());
      for (std::int64_t b = 0; b < kBatch; ++b) {
        const double sigma = noise(schedule)->total(given.t)[b].item<double>();
        const double rate = noise(schedule)->rate(given.t)[b].item<double>();
        const double r = 1.0 / (std::exp(sigma) - 1.0);
        double wanted = 0.0;
        for (std::int64_t i = 0; i < kLength; ++i) {
          if (given.x_at(b, i) != kMask) {
            continue;
          }
          const auto log_s = given.logits[b][i] -
                             (scaled ? std::log(std::exp(sigma) - 1.0) + std::log(kTokens) : 0.0);
          for (std::int64_t y = 0; y < kTokens; ++y) {
            wanted += std::exp(log_s[y].item<double>());
          }
          wanted += r * (std::log(r) - 1.0) - r * log_s[given.x0_at(b, i)].item<double>();
        }
        EXPECT_NEAR(loss.sum[b].item<double>() / (rate * wanted), 1.0, 1e-10)
            << schedule << scaled << b;
        EXPECT_EQ(loss.weight[b].item<std::int64_t>(), kLength);
      }
    }
  }
}

TEST(SeddAbsorb, PassesSigmaToTheNetwork) {
  const Case given(true);
  FixedNetwork network(given.logits);
  (void)absorb("loglinear", true)->loss(network, given.batch());
  EXPECT_TRUE(torch::equal(network.asked.time, noise("loglinear")->total(given.t)));
  EXPECT_TRUE(torch::equal(network.asked.tokens, given.x));
}

TEST(SeddAbsorb, IsZeroAtTheTrueRatioAndNowhereElse) {
  const Case given(true);
  const auto log_r =
      -torch::log(torch::expm1(noise("geometric")->total(given.t))).view({kBatch, 1, 1});
  const auto at_x0 = torch::one_hot(given.x0, kTokens + 1).to(torch::kBool);
  FixedNetwork network(torch::where(at_x0, log_r, torch::full({}, -1e4, kDouble)));
  EXPECT_EQ(absorb("geometric", false)->loss(network, given.batch()).sum.abs().max().item<double>(),
            0.0);
  network.logits = network.logits + 0.1;
  EXPECT_GT(absorb("geometric", false)->loss(network, given.batch()).sum.min().item<double>(), 0.0);
}

TEST(SeddAbsorb, ASampleWithoutMasksHasNoLossAndNoGradient) {
  const auto x0 = torch::zeros({2, 3}, torch::kInt64);
  FixedNetwork network(torch::randn({2, 3, kTokens + 1}, kDouble).set_requires_grad(true));
  const auto loss = absorb("loglinear", true)
                        ->loss(network, batch_of({{Role::kInput, x0},
                                                  {Role::kTarget, x0},
                                                  {Role::kTime, torch::full({2}, 0.5F)}}));
  EXPECT_TRUE(torch::equal(loss.sum, torch::zeros({2}, kDouble)));
  loss.sum.sum().backward();
  EXPECT_TRUE(torch::equal(network.logits.grad(), torch::zeros_like(network.logits)));
}

TEST(SeddUniform, EqualsItsDefinition) {
  const Case given(false);
  for (const char* const schedule : {"loglinear", "geometric"}) {
    FixedNetwork network(given.logits);
    const auto loss = uniform(schedule)->loss(network, given.batch());
    for (std::int64_t b = 0; b < kBatch; ++b) {
      const double sigma = noise(schedule)->total(given.t)[b].item<double>();
      const double rate = noise(schedule)->rate(given.t)[b].item<double>();
      const auto p = [&](std::int64_t to, std::int64_t from) {
        return (1.0 - std::exp(-sigma)) / kTokens + (to == from ? std::exp(-sigma) : 0.0);
      };
      double wanted = 0.0;
      for (std::int64_t i = 0; i < kLength; ++i) {
        for (std::int64_t y = 0; y < kTokens; ++y) {
          if (y == given.x_at(b, i)) {
            continue;
          }
          const double log_s = given.logits[b][i][y].item<double>();
          const double r = p(y, given.x0_at(b, i)) / p(given.x_at(b, i), given.x0_at(b, i));
          wanted += (std::exp(log_s) - r * log_s + K(r)) / kTokens;
        }
      }
      EXPECT_NEAR(loss.sum[b].item<double>() / (rate * wanted), 1.0, 1e-9) << schedule << b;
    }
  }
}

/// ln r_y of the uniform graph by its definition, [B, L, N].
torch::Tensor true_log_ratio(const Case& given, const torch::Tensor& sigma) {
  const auto stays = torch::exp(-sigma).view({-1, 1, 1});
  const auto p =
      (1.0 - stays) / kTokens + stays * torch::one_hot(given.x0, kTokens).to(torch::kFloat64);
  return torch::log(p / p.gather(2, given.x.unsqueeze(2)));
}

TEST(SeddUniform, IsZeroAtTheTrueRatioAndNowhereElse) {
  const Case given(false);
  FixedNetwork network(true_log_ratio(given, noise("geometric")->total(given.t)));
  EXPECT_LT(uniform("geometric")->loss(network, given.batch()).sum.abs().max().item<double>(),
            1e-12);
  network.logits = network.logits + 0.1;
  EXPECT_GT(uniform("geometric")->loss(network, given.batch()).sum.min().item<double>(), 1e-6);
}

TEST(SeddUniform, StaysExactInSinglePrecisionWhereTheRatiosAreHuge) {
  Case given(false);
  // Ratios near 40000: the terms of the definition are 4e5, which f32 knows to 0.03.
  given.t = torch::full({kBatch}, 0.001F);
  FixedNetwork network(
      true_log_ratio(given, noise("geometric")->total(given.t)).to(torch::kFloat32) + 0.001F);
  const auto narrow = uniform("geometric")->loss(network, given.batch()).sum;
  network.logits = network.logits.to(torch::kFloat64);
  const auto wide = uniform("geometric")->loss(network, given.batch()).sum;
  EXPECT_LT((narrow - wide).abs().max().item<double>(), 1e-2 * wide.abs().max().item<double>());
}

/// A source of one token with known probabilities, whose exact score is known too.
struct OneToken {
  std::vector<double> pi{0.5, 0.25, 0.15, 0.1};
  bool absorbing;

  [[nodiscard]] std::int64_t states() const { return kTokens + (absorbing ? 1 : 0); }
  /// p(x_t = x | x_0)
  [[nodiscard]] double forward(std::int64_t x, std::int64_t x0, double sigma) const {
    const double stays = std::exp(-sigma);
    if (absorbing) return (x == x0 ? stays : 0.0) + (x == kMask ? 1.0 - stays : 0.0);
    return (1.0 - stays) / kTokens + (x == x0 ? stays : 0.0);
  }
  [[nodiscard]] double marginal(std::int64_t x, double sigma) const {
    double sum = 0.0;
    for (std::int64_t x0 = 0; x0 < kTokens; ++x0) {
      sum += pi[static_cast<std::size_t>(x0)] * forward(x, x0, sigma);
    }
    return sum;
  }
  /// I(x_0; x_t), nats.
  [[nodiscard]] double information(double sigma) const {
    double sum = 0.0;
    for (std::int64_t x0 = 0; x0 < kTokens; ++x0) {
      for (std::int64_t x = 0; x < states(); ++x) {
        if (const double p = forward(x, x0, sigma); p > 0) {
          sum += pi[static_cast<std::size_t>(x0)] * p * std::log(p / marginal(x, sigma));
        }
      }
    }
    return sum;
  }
};

/// E over x_0 and x_t of the loss at the exact score, by enumeration.
double expected_loss(const OneToken& source, const Objective& objective, double sigma, float t) {
  std::vector<std::int64_t> x0s, xs;
  std::vector<double> weights;
  for (std::int64_t x0 = 0; x0 < kTokens; ++x0) {
    for (std::int64_t x = 0; x < source.states(); ++x) {
      x0s.push_back(x0), xs.push_back(x),
          weights.push_back(source.pi[static_cast<std::size_t>(x0)] * source.forward(x, x0, sigma));
    }
  }
  const auto count = static_cast<std::int64_t>(xs.size());
  auto log_score = torch::zeros({count, 1, source.states()}, kDouble);
  for (std::int64_t n = 0; n < count; ++n) {
    for (std::int64_t y = 0; y < source.states(); ++y) {
      log_score[n][0][y] = std::log(source.marginal(y, sigma) /
                                    source.marginal(xs[static_cast<std::size_t>(n)], sigma));
    }
  }
  FixedNetwork network(log_score);
  const auto column = [&](const std::vector<std::int64_t>& values) {
    return torch::tensor(values).view({count, 1});
  };
  const auto batch = batch_of({{Role::kInput, column(xs)},
                               {Role::kTarget, column(x0s)},
                               {Role::kTime, torch::full({count}, t)}});
  return (objective.loss(network, batch).sum * torch::tensor(weights, kDouble))
      .sum()
      .item<double>();
}

TEST(Sedd, TheLossAtTheExactScoreIsTheRateOfInformationLoss) {
  for (const bool absorbing : {true, false}) {
    for (const char* const schedule : {"loglinear", "geometric"}) {
      for (const float t : {0.25F, 0.5F, 0.75F}) {
        const OneToken source{.absorbing = absorbing};
        const auto sigma = [&](double time) {
          return noise(schedule)->total(torch::tensor({time}, kDouble)).item<double>();
        };
        constexpr double kStep = 1e-6;
        const double lost =
            (source.information(sigma(t - kStep)) - source.information(sigma(t + kStep))) /
            (2 * kStep);
        const auto objective = absorbing ? absorb(schedule, false) : uniform(schedule);
        EXPECT_NEAR(expected_loss(source, *objective, sigma(t), t), lost, 1e-8)
            << absorbing << schedule << t;
      }
    }
  }
}

TEST(Sedd, GradientsAreThoseOfFiniteDifferences) {
  for (const bool absorbing : {true, false}) {
    const Case given(absorbing);
    const auto batch = given.batch();
    const auto objective = absorbing ? absorb("loglinear", true) : uniform("geometric");
    const auto value = [&](const torch::Tensor& logits) {
      FixedNetwork network(logits);
      return objective->loss(network, batch).sum.sum();
    };
    EXPECT_LT(testing::largest_gradient_error(value, given.logits), 1e-6) << absorbing;
  }
}

}  // namespace
}  // namespace millrace::trainer
