// Rounds of sticky masking by limits against rounds by keys, which are the definition: on extreme
// words, with many ties, with all kinds of weights; and the limits against the keys.
#include "providers/masking/sticky_round.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "providers/random/philox.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

constexpr std::uint32_t kMostWord = 0xffffffff;

struct Weights {
  double p1;
  double p2;
};

const std::vector<Weights> kWeights = {
    {.15, .3}, {.1, .5},  {.3, .1},  {.1, .9},     {1, 1},       {.3, 0},      {0, .3},
    {0, 0},    {1, 1e-9}, {1e-9, 1}, {1e-270, .5}, {.5, 1e-270}, {1e-3, .001}, {.7, .69999}};

StickyLimits limits_for(Weights weights) {
  return weights.p1 == 0 || weights.p2 == 0 ? StickyLimits(1, 1)
                                            : StickyLimits(weights.p1, weights.p2);
}

using Words = std::vector<std::uint32_t>;

Words random_words(std::size_t count, std::uint64_t index) {
  const auto words =
      PhiloxStream(31, proto::Split::kTrain, 0, index).words(Purpose::kText, 0, count);
  return {words.begin(), words.end()};
}

/// Few different words, so that nearly all are ties.
Words few_words(std::size_t count, std::uint64_t index) {
  Words words = random_words(count, index);
  for (std::uint32_t& word : words) word = word % 5 * 0x3fffffff;
  return words;
}

/// The smallest and largest words, whose keys are largest and smallest.
Words words_at_ends(std::size_t count, std::uint64_t index) {
  Words words = random_words(count, index);
  for (std::uint32_t& word : words) {
    word = word % 2 == 0 ? word % 16 / 2 : kMostWord - word % 16 / 2;
  }
  return words;
}

Words crowded_words(std::size_t count, std::uint64_t index) {
  Words words = random_words(count, index);
  for (std::uint32_t& word : words) word = 0x7ffffff0 + word % 64;
  return words;
}

/// A sample with `percent` of it selected, between two zeros.
std::vector<std::uint8_t> some_selected(std::size_t length, std::uint32_t percent,
                                        std::uint64_t index) {
  const PhiloxStream draws(32, proto::Split::kTrain, 0, index);
  std::vector<std::uint8_t> padded(length + 2);
  for (std::size_t j = 0; j < length; ++j) {
    padded[j + 1] = uniform_below(draws.word(Purpose::kText, j), 100) < percent ? 1 : 0;
  }
  return padded;
}

void expect_same_round(Weights weights, const StickyLimits& limits, const Words& words,
                       std::uint32_t percent, std::size_t count) {
  std::vector<std::uint8_t> fast = some_selected(words.size(), percent, count);
  std::vector<std::uint8_t> plain(fast.begin() + 1, fast.end() - 1);
  static StickyRound round;
  const std::size_t taken = round.take(weights.p1, weights.p2, limits, words, count,
                                       std::span(fast).subspan(1, words.size()));
  ASSERT_EQ(taken, round_by_keys(weights.p1, weights.p2, words, count, plain));
  ASSERT_TRUE(std::equal(plain.begin(), plain.end(), fast.begin() + 1))
      << "p1 " << weights.p1 << " p2 " << weights.p2 << " length " << words.size() << " selected "
      << percent << " % count " << count;
}

TEST(StickyRound, SelectsWhatTheKeysSelect) {
  for (const Weights weights : kWeights) {
    const StickyLimits limits = limits_for(weights);
    for (const auto make_words : {random_words, few_words, words_at_ends, crowded_words}) {
      for (const std::size_t length : {1U, 2U, 7U, 16U, 65U, 500U, 1024U, 3001U}) {
        for (const std::uint32_t percent : {0U, 3U, 40U, 90U, 100U}) {
          const Words words = make_words(length, length + percent);
          for (const std::size_t count :
               {std::size_t{1}, length / 8, length / 3, length - 1, length}) {
            if (count > 0) expect_same_round(weights, limits, words, percent, count);
          }
        }
      }
    }
  }
}

TEST(StickyLimits, TakeTheWordsWhoseKeysAreSmallest) {
  // For any bound, the largest key that it takes is below the smallest key that it leaves, for both
  // weights.
  for (const Weights weights : kWeights) {
    if (weights.p1 == 0 || weights.p2 == 0) continue;
    const StickyLimits limits(weights.p1, weights.p2);
    for (std::size_t bound = 1; bound + 1 < limits.size(); ++bound) {
      // The largest key above the limit; −1 if no word is.
      const auto taken = [](std::uint32_t limit, double weight) {
        return limit == kMostWord ? -1 : exponential_clock(limit == 0 ? 0 : limit + 1) / weight;
      };
      const auto left = [](std::uint32_t limit, double weight) {
        return limit == 0 ? std::numeric_limits<double>::infinity()
                          : exponential_clock(limit) / weight;
      };
      const auto [alone, beside] = limits[bound];
      ASSERT_LT(std::max(taken(alone, weights.p1), taken(beside, weights.p2)),
                std::min(left(alone, weights.p1), left(beside, weights.p2)));
      ASSERT_LE(alone, limits[bound - 1].alone);
      ASSERT_LE(beside, limits[bound - 1].beside);
    }
    EXPECT_EQ(limits[limits.size() - 1].alone, 0U);
    EXPECT_EQ(limits[limits.size() - 1].beside, 0U);
  }
}

TEST(ExponentialClock, FallsWithEveryWord) {
  const auto expect_falls_from = [](std::uint32_t first) {
    for (std::uint32_t word = first; word < first + 100'000; ++word) {
      ASSERT_GT(exponential_clock(word), exponential_clock(word + 1) + 2e-10) << word;
    }
  };
  for (std::uint32_t i = 0; i < 64; ++i) expect_falls_from(i << 26);
  expect_falls_from(kMostWord - 100'000);
  // Around 2^32 · √½, where fixed_log takes another power of two.
  expect_falls_from(3037000499 - 50'000);
  EXPECT_EQ(exponential_clock(kMostWord), 0.0);
}

}  // namespace
}  // namespace millrace::providers
