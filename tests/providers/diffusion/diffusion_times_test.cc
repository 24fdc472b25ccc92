// Times of diffusion samples: definition, stratification, range.
#include "providers/diffusion/diffusion_times.h"

#include <algorithm>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "providers/random/philox.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

using proto::Split;

constexpr double kTwo32 = 4294967296.0;

TEST(DiffusionTimes, WithoutGroupsAreTheWordsOfTheirIndex) {
  const DiffusionTimes times(7, 1);
  for (const std::uint64_t index : {0ULL, 1ULL, 12345678901ULL}) {
    EXPECT_EQ(times.fraction(Split::kVal, index),
              PhiloxStream(7, Split::kVal, 0, index).word(Purpose::kTime, 0));
  }
}

// The definition f = (Philox(g) + bitreverse(k) · 2^32 / n) mod 2^32, written out for n = 8.
TEST(DiffusionTimes, OfAGroupLieInBitReversedOrder) {
  const DiffusionTimes times(7, 8);
  const std::uint32_t reversed[] = {0, 4, 2, 6, 1, 5, 3, 7};
  for (const std::uint64_t group : {0ULL, 5ULL, 1ULL << 40}) {
    const std::uint32_t offset = PhiloxStream(7, Split::kTrain, 0, group).word(Purpose::kTime, 0);
    for (std::uint64_t k = 0; k < 8; ++k) {
      EXPECT_EQ(times.fraction(Split::kTrain, 8 * group + k), offset + reversed[k] * (1U << 29));
    }
  }
}

TEST(DiffusionTimes, AreStratifiedOverEveryAlignedRunOfAPowerOfTwo) {
  for (const std::uint32_t n : {2U, 64U, 1U << 12}) {
    const DiffusionTimes times(1337, n);
    for (std::uint32_t run = 2; run <= n; run *= 2) {
      for (std::uint64_t first = 0; first < 2 * n; first += run) {
        std::vector<std::uint32_t> fractions;
        for (std::uint64_t i = first; i < first + run; ++i) {
          fractions.push_back(times.fraction(Split::kTrain, i));
        }
        std::ranges::sort(fractions);
        const auto step = static_cast<std::uint32_t>((std::uint64_t{1} << 32) / run);
        for (std::size_t i = 1; i < fractions.size(); ++i) {
          ASSERT_EQ(fractions[i] - fractions[i - 1], step) << n << " " << run;
        }
      }
    }
  }
}

TEST(DiffusionTimes, OfDifferentGroupsAreIndependentAndUniform) {
  const DiffusionTimes times(1337, 4);
  std::vector<std::uint64_t> counts(64);
  for (std::uint64_t i = 0; i < 400'000; i += 4) ++counts[times.fraction(Split::kTrain, i) >> 26];
  expect_uniform(counts);
}

TEST(DiffusionTimes, AreTheFormulaRoundedOnce) {
  const DiffusionTimes times(1337, 4);
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    const long double f = times.fraction(Split::kTrain, i);
    const float t = times.time(Split::kTrain, i, 1e-3);
    ASSERT_EQ(t,
              static_cast<float>(1e-3L + (1 - 1e-3L) * (f + 1) / static_cast<long double>(kTwo32)))
        << i;
    ASSERT_GE(t, 1e-3F);
    ASSERT_LE(t, 1.0F);
  }
}

TEST(DiffusionTimes, StepsAreThePartsOfTheCircle) {
  const DiffusionTimes times(1337, 1024);
  std::multiset<std::uint32_t> steps;
  for (std::uint64_t i = 0; i < 1024; ++i) {
    const std::uint32_t step = times.step(Split::kVal, i, 512);
    EXPECT_EQ(step, times.fraction(Split::kVal, i) >> 23);
    steps.insert(step);
  }
  for (std::uint32_t step = 0; step < 512; ++step) EXPECT_EQ(steps.count(step), 2U) << step;
}

TEST(DiffusionTimes, DifferBySeedAndSplit) {
  EXPECT_NE(DiffusionTimes(1, 1).fraction(Split::kTrain, 0),
            DiffusionTimes(2, 1).fraction(Split::kTrain, 0));
  EXPECT_NE(DiffusionTimes(1, 1).fraction(Split::kTrain, 0),
            DiffusionTimes(1, 1).fraction(Split::kVal, 0));
}

}  // namespace
}  // namespace millrace::providers
