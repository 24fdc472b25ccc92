// Philox against known answers, and the layout of its counter.
#include "providers/random/philox.h"

#include <set>

#include <gtest/gtest.h>

namespace millrace::providers {
namespace {

using proto::Split;

// The known-answer vectors of Random123, the authors' implementation.
TEST(Philox, GivesTheKnownAnswers) {
  EXPECT_EQ(philox4x32_10({0, 0, 0, 0}, {0, 0}),
            (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox4x32_10({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(
      philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
      (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(PhiloxStream, PutsSeedIndexAndPurposeWhereThePageSays) {
  const PhiloxStream draws(0x1122334455667788, Split::kVal, 0xAB, 0x99AABBCCDDEEFF00);
  const PhiloxBlock block =
      philox4x32_10({0xDDEEFF00, 0x99AABBCC, 5, 0x0100AB02}, {0x55667788, 0x11223344});
  for (std::uint64_t lane = 0; lane < 4; ++lane) {
    EXPECT_EQ(draws.word(Purpose::kCorrupt, 4 * 5 + lane), block[lane]);
  }
}

TEST(PhiloxStream, GivesManyWordsAsOneByOne) {
  const PhiloxStream draws(7, Split::kTrain, 3, 12345);
  for (const std::uint64_t first : {0, 1, 2, 3, 4, 31, 1000}) {
    for (const std::size_t count : {0, 1, 2, 3, 4, 5, 33, 257}) {
      const auto words = draws.words(Purpose::kSelect, first, count);
      ASSERT_EQ(words.size(), count);
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_EQ(words[i], draws.word(Purpose::kSelect, first + i));
      }
    }
  }
}

TEST(PhiloxStream, NeverSharesAWord) {
  std::set<std::uint32_t> seen;
  std::size_t drawn = 0;
  const auto draw = [&](const PhiloxStream& draws, Purpose purpose) {
    for (std::uint64_t w = 0; w < 8; ++w, ++drawn) seen.insert(draws.word(purpose, w));
  };
  for (const std::uint64_t seed : {1ULL, 2ULL, 1ULL << 32}) {
    for (const std::uint64_t index : {0ULL, 1ULL, 1ULL << 32}) {
      for (const Split split : proto::kSplits) {
        for (const std::uint8_t stage : {std::uint8_t{0}, std::uint8_t{1}}) {
          for (const Purpose purpose : {Purpose::kStart, Purpose::kSelect, Purpose::kOrder}) {
            draw(PhiloxStream(seed, split, stage, index), purpose);
          }
        }
      }
    }
  }
  // 1296 words: an accidental pair has a probability of 1 in 5000, and there is none.
  EXPECT_EQ(seen.size(), drawn);
}

TEST(UniformBelow, StaysBelowAndReachesBothEnds) {
  for (const std::uint32_t n : {1U, 2U, 3U, 65U, 1000003U, 0xffffffffU}) {
    EXPECT_EQ(uniform_below(0, n), 0U);
    EXPECT_EQ(uniform_below(0xffffffff, n), n - 1);
    EXPECT_EQ(uniform_below(0, 0, n), 0U);
    EXPECT_EQ(uniform_below(0xffffffff, 0xffffffff, n), n - 1);
  }
}

TEST(UniformBelow, WithTwoWordsIsTheExactProductsTop) {
  const std::uint64_t word = (std::uint64_t{1} << 63) + (std::uint64_t{1} << 31) + 5;
  const std::uint32_t n = 3000000001;
  // floor(word · n / 2^64) = floor(n/2 + n · (2^31 + 5) / 2^64) = floor(1500000000.5 + 0.349…) =
  // 1500000000
  EXPECT_EQ(
      uniform_below(static_cast<std::uint32_t>(word), static_cast<std::uint32_t>(word >> 32), n),
      1500000000U);
  // A lower word that carries: 1500000000.5 + n · (2^32 − 1) / 2^64 = 1500000000.5 + 0.698… =
  // 1500000001
  EXPECT_EQ(uniform_below(0xffffffff, 0x80000000, n), 1500000001U);
}

TEST(UniformBelow, TakesNumbersOf64Bits) {
  constexpr std::uint64_t kMost = ~std::uint64_t{0};
  EXPECT_EQ(multiply_high(kMost, kMost), kMost - 1);
  EXPECT_EQ(multiply_high(std::uint64_t{1} << 63, 7), 3U);
  EXPECT_EQ(multiply_high(0x123456789abcdef0, 0xfedcba9876543210), 0x121fa00ad77d7422U);
  EXPECT_EQ(uniform_below(0xffffffff, 0xffffffff, kMost), kMost - 1);
  EXPECT_EQ(uniform_below(0, 0x80000000, std::uint64_t{1} << 40), std::uint64_t{1} << 39);
}

}  // namespace
}  // namespace millrace::providers
