// MDLM's bound: its definition, its equality with SEDD, and by enumeration that an exact network
// reaches the source's entropy.
#include "trainer/objectives/mdlm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/columns.h"
#include "trainer/objectives/sedd.h"

namespace millrace::trainer {
namespace {

using proto::Role;
using testing::batch_of;
using testing::FixedNetwork;

constexpr std::int64_t kBatch = 4, kLength = 6, kTokens = 5, kMask = kTokens;
const auto kDouble = torch::dtype(torch::kFloat64);

std::shared_ptr<const Noise> noise(const std::string& name) {
  config::ProviderOptions provider;
  provider.noise = name;
  return make_noise(provider);
}

struct Case {
  Case() {
    torch::manual_seed(7);
    x0 = torch::randint(kTokens, {kBatch, kLength}, torch::kInt64);
    x = x0.masked_fill(torch::rand({kBatch, kLength}).lt(0.5), kMask);
    t = torch::tensor({0.001F, 0.3F, 0.6F, 1.0F});
    logits = torch::randn({kBatch, kLength, kTokens + 1}, kDouble);
  }
  [[nodiscard]] DeviceBatch batch() const {
    return batch_of({{Role::kInput, x}, {Role::kTarget, x0}, {Role::kTime, t}});
  }
  torch::Tensor x0, x, t, logits;
};

TEST(Mdlm, WeighsTheCrossEntropyOfMaskedTokensByOneOverTime) {
  const Case given;
  FixedNetwork network(given.logits);
  const auto loss = make_mdlm(noise("loglinear"), kMask)->loss(network, given.batch());
  const auto log_p = torch::log_softmax(given.logits.narrow(2, 0, kTokens), 2);
  for (std::int64_t b = 0; b < kBatch; ++b) {
    double wanted = 0.0;
    for (std::int64_t i = 0; i < kLength; ++i) {
      if (given.x[b][i].item<std::int64_t>() == kMask) {
        wanted -= log_p[b][i][given.x0[b][i].item<std::int64_t>()].item<double>();
      }
    }
    wanted /= static_cast<double>(given.t[b].item<float>());
    EXPECT_NEAR(loss.sum[b].item<double>(), wanted, 1e-9 * (1.0 + wanted)) << b;
    EXPECT_EQ(loss.weight[b].item<std::int64_t>(), kLength);
  }
}

TEST(Mdlm, IsSeddWithTheScoreOfItsProbabilities) {
  const Case given;
  const auto p = torch::softmax(given.logits.narrow(2, 0, kTokens), 2);
  const auto log_p = at::cat({torch::log(p), torch::zeros({kBatch, kLength, 1}, kDouble)}, 2);
  for (const char* const schedule : {"loglinear", "geometric"}) {
    const auto log_r =
        -torch::log(torch::expm1(noise(schedule)->total(given.t))).view({kBatch, 1, 1});
    FixedNetwork probabilities(given.logits), scores(log_p + log_r),
        scaled(log_p + std::log(kTokens));
    const auto bound = make_mdlm(noise(schedule), kMask)->loss(probabilities, given.batch()).sum;
    const auto plain = make_sedd(AbsorbingSedd{noise(schedule), kTokens + 1, kMask, false})
                           ->loss(scores, given.batch())
                           .sum;
    const auto relative = make_sedd(AbsorbingSedd{noise(schedule), kTokens + 1, kMask, true})
                              ->loss(scaled, given.batch())
                              .sum;
    EXPECT_TRUE(torch::allclose(bound, plain, 1e-9, 1e-12)) << schedule << bound << plain;
    EXPECT_TRUE(torch::allclose(bound, relative, 1e-9, 1e-12)) << schedule;
  }
}

/// Two tokens of three kinds with these joint probabilities.
constexpr std::array<std::array<double, 3>, 3> kJoint{
    {{0.30, 0.05, 0.05}, {0.02, 0.20, 0.08}, {0.10, 0.05, 0.15}}};

struct Entropies {
  double joint = 0.0, first = 0.0, second = 0.0;
};
Entropies entropies() {
  Entropies found;
  for (std::size_t a = 0; a < 3; ++a) {
    double row = 0.0, column = 0.0;
    for (std::size_t b = 0; b < 3; ++b) {
      row += kJoint[a][b], column += kJoint[b][a],
          found.joint -= kJoint[a][b] * std::log(kJoint[a][b]);
    }
    found.first -= row * std::log(row), found.second -= column * std::log(column);
  }
  return found;
}

/// Knows the source: at every position the exact probabilities given the visible tokens.
struct ExactNetwork : Network {
  torch::Tensor encode(const NetworkInput& input) override {
    auto logits = torch::zeros({input.tokens.size(0), 2, 4}, kDouble);
    for (std::int64_t n = 0; n < input.tokens.size(0); ++n) {
      for (std::int64_t i = 0; i < 2; ++i) {
        for (std::int64_t y = 0; y < 3; ++y) {
          logits[n][i][y] = std::log(mass(i, y, input.tokens[n][1 - i].item<std::int64_t>()));
        }
      }
    }
    return logits;
  }
  torch::Tensor project(const torch::Tensor& hidden) override { return hidden; }

 private:
  /// p(x_i = y, the other one), or p(x_i = y) where the other is masked.
  static double mass(std::int64_t i, std::int64_t y, std::int64_t other) {
    double sum = 0.0;
    for (std::int64_t o = 0; o < 3; ++o) {
      if (other == 3 || other == o) {
        sum += kJoint[static_cast<std::size_t>(i == 0 ? y : o)]
                     [static_cast<std::size_t>(i == 0 ? o : y)];
      }
    }
    return sum;
  }
};

/// E of the loss over all texts and all ways to mask them, by enumeration.
double expected_loss(float t) {
  const double moved = 0.999 * static_cast<double>(t);
  std::vector<std::int64_t> x0, x;
  std::vector<double> weights;
  for (std::int64_t a = 0; a < 3; ++a) {
    for (std::int64_t b = 0; b < 3; ++b) {
      for (int masks = 0; masks < 4; ++masks) {
        const bool first = (masks & 1) != 0, second = (masks & 2) != 0;
        x0.insert(x0.end(), {a, b});
        x.insert(x.end(), {first ? 3 : a, second ? 3 : b});
        weights.push_back(kJoint[static_cast<std::size_t>(a)][static_cast<std::size_t>(b)] *
                          (first ? moved : 1 - moved) * (second ? moved : 1 - moved));
      }
    }
  }
  const auto count = static_cast<std::int64_t>(weights.size());
  const auto batch = batch_of({{Role::kInput, torch::tensor(x).view({count, 2})},
                               {Role::kTarget, torch::tensor(x0).view({count, 2})},
                               {Role::kTime, torch::full({count}, t)}});
  ExactNetwork network;
  return (make_mdlm(noise("loglinear"), 3)->loss(network, batch).sum *
          torch::tensor(weights, kDouble))
      .sum()
      .item<double>();
}

TEST(Mdlm, AnExactNetworksLossIsTheEntropyOfTheSource) {
  const Entropies found = entropies();
  for (const float t : {0.125F, 0.5F, 1.0F}) {
    const double u = 0.999 * static_cast<double>(t);
    const double hidden = found.first + found.second, visible = 2 * found.joint - hidden;
    EXPECT_NEAR(expected_loss(t), 0.999 * ((1 - u) * visible + u * hidden), 1e-9) << t;
  }
  // Linear in t, so its value at 1/2 is its integral: the entropy, but for ε.
  EXPECT_NEAR(expected_loss(0.5F), found.joint, 0.002 * found.joint);
}

TEST(Mdlm, GradientsAreThoseOfFiniteDifferences) {
  const Case given;
  const auto batch = given.batch();
  const auto value = [&](const torch::Tensor& logits) {
    FixedNetwork network(logits);
    return make_mdlm(noise("geometric"), kMask)->loss(network, batch).sum.sum();
  };
  EXPECT_LT(testing::largest_gradient_error(value, given.logits), 1e-6);
}

}  // namespace
}  // namespace millrace::trainer
