// Texts scored by a causal network whose probabilities are known.
#include "trainer/evaluation/score_texts.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/known_texts.h"

namespace millrace::trainer {
namespace {

using testing::kLetters, testing::KnowingNetwork;
using Texts = std::vector<std::vector<std::int64_t>>;

/// ln p(next | this): 1/2 for the same letter, 1/4 for each other.
torch::Tensor sticky(const NetworkInput& input) {
  return (torch::one_hot(input.tokens, kLetters).to(torch::kFloat64) * 0.25 + 0.25).log();
}

TEST(ScoreTexts, AddsUpEachTokenAfterTheFirst) {
  KnowingNetwork network(sticky);
  const auto nats =
      nats_of(network, {{0, 0, 1}, {2}, {1, 1, 1, 1, 1}, {}}, {.longest = 8, .batch = 2});
  ASSERT_TRUE(nats.has_value());
  const double same = std::log(2.0), other = std::log(4.0);
  const std::vector<double> wanted{same + other, 0.0, 4.0 * same, 0.0};
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR((*nats)[i], wanted[i], 1e-12) << i;
}

TEST(ScoreTexts, ALongTextIsCutAndEachTokenCountsOnce) {
  const std::vector<std::int64_t> text{0, 0, 1, 1, 2, 0, 0, 0, 1, 2, 2};
  KnowingNetwork whole(sticky), cut(sticky);
  const auto wanted = nats_of(whole, {text}, {.longest = 10});
  const auto found = nats_of(cut, {text}, {.longest = 3, .batch = 2});
  EXPECT_EQ(whole.calls, 1U);
  EXPECT_EQ(cut.rows, 4);  // 10 tokens by 3
  EXPECT_NEAR((*found)[0], (*wanted)[0], 1e-12);
}

}  // namespace
}  // namespace millrace::trainer
