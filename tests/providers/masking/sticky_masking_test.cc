// Sticky masking against a plain implementation of its definition, and its statistics.
#include "providers/masking/sticky_masking.h"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

using Selected = std::vector<std::uint8_t>;

PhiloxStream draws_of(std::uint64_t index) {
  return PhiloxStream(815, proto::Split::kTrain, 0, index);
}

Selected select(const StickyMasking& masking, std::uint64_t index, std::size_t length) {
  Selected selected(length, 7);
  masking.select(draws_of(index), selected);
  return selected;
}

std::size_t count(const Selected& selected) {
  return std::accumulate(selected.begin(), selected.end(), std::size_t{0});
}

double weight_of(const Selected& selected, std::size_t j, double p1, double p2) {
  const bool left = j > 0 && selected[j - 1] == 1;
  const bool right = j + 1 < selected.size() && selected[j + 1] == 1;
  return left || right ? p2 : p1;
}

/// The definition: list keys, sort, take the smallest. (libm's logarithm differs in its last
/// digits; no two keys here are that close.)
Selected by_definition(std::uint64_t index, std::size_t length, std::size_t need, double p1,
                       double p2) {
  Selected selected(length);
  for (std::uint64_t round = 0; need > 0; ++round) {
    std::vector<std::pair<double, std::size_t>> keys;
    for (const bool alike : {false, true}) {
      for (std::size_t j = 0; j < length; ++j) {
        const double weight = alike ? 1.0 : weight_of(selected, j, p1, p2);
        if (selected[j] == 1 || weight == 0) continue;
        const double u =
            (draws_of(index).word(Purpose::kSelect, round * length + j) + 1.0) / 4294967296.0;
        keys.emplace_back(-std::log(u) / weight, j);
      }
      if (!keys.empty()) break;
    }
    std::sort(keys.begin(), keys.end());
    keys.resize(std::min({need, std::max<std::size_t>(1, length / 8), keys.size()}));
    for (const auto& [key, j] : keys) selected[j] = 1;
    need -= keys.size();
  }
  return selected;
}

double mean_run(const StickyMasking& masking, std::size_t length, std::uint64_t samples) {
  double positions = 0;
  double runs = 0;
  for (std::uint64_t i = 0; i < samples; ++i) {
    const Selected selected = select(masking, i, length);
    positions += static_cast<double>(count(selected));
    for (std::size_t j = 0; j < length; ++j) {
      runs += selected[j] == 1 && (j == 0 || selected[j - 1] == 0);
    }
  }
  return positions / runs;
}

TEST(StickyMasking, FollowsItsDefinition) {
  for (const auto& [target, p1, p2] :
       std::vector<std::tuple<double, double, double>>{{.4, .15, .3},
                                                       {.6, .1, .5},
                                                       {.6, .3, .1},
                                                       {.9, .1, .9},
                                                       {.2, .3, 0},
                                                       {.8, .3, 0},
                                                       {.5, 0, .3},
                                                       {.5, 0, 0},
                                                       {1, .2, .4}}) {
    const StickyMasking masking(target, p1, p2);
    for (const std::size_t length : {1U, 7U, 8U, 64U, 100U}) {
      for (std::uint64_t i = 0; i < 20; ++i) {
        const auto need =
            static_cast<std::size_t>(std::ceil(target * static_cast<double>(length) - 1e-6));
        ASSERT_EQ(select(masking, i, length), by_definition(i, length, need, p1, p2))
            << "target " << target << " p1 " << p1 << " p2 " << p2 << " length " << length
            << " sample " << i;
      }
    }
  }
}

TEST(StickyMasking, CountsItsTargetExactly) {
  // 0.55 · 100 is 55.00000000000001 in doubles.
  EXPECT_EQ(StickyMasking(0.55, 1, 1).count_for(100), 55U);
  EXPECT_EQ(StickyMasking(0.07, 1, 1).count_for(100), 7U);  // 7.000000000000001
  EXPECT_EQ(StickyMasking(0.4, 1, 1).count_for(1024), 410U);
  EXPECT_EQ(StickyMasking(0.4, 1, 1).count_for(1), 1U);
  EXPECT_EQ(StickyMasking(0.0, 1, 1).count_for(1000), 0U);
  EXPECT_EQ(StickyMasking(1e-30, 1, 1).count_for(1000), 1U);
  EXPECT_EQ(StickyMasking(1.0, 1, 1).count_for(1U << 20), 1U << 20);
}

TEST(StickyMasking, SelectsExactlyItsCountWhateverTheWeights) {
  for (const double p1 : {0.0, 0.1, 0.3}) {
    for (const double p2 : {0.0, 0.1, 0.9}) {
      for (const double target : {0.0, 0.2, 0.55, 0.9, 1.0}) {
        const StickyMasking masking(target, p1, p2);
        for (const std::size_t length : {1U, 5U, 100U, 128U}) {
          for (std::uint64_t i = 0; i < 5; ++i) {
            ASSERT_EQ(count(select(masking, i, length)), masking.count_for(length));
          }
        }
      }
    }
  }
}

TEST(StickyMasking, WithoutWeightBesideASelectionAvoidsNeighboursWhileItCan) {
  // With p2 = 0 and a fifth of the positions, the second round selects no neighbour of the first.
  const StickyMasking masking(0.2, 0.3, 0.0);
  constexpr std::size_t kLength = 80;
  const StickyMasking first_round(0.125, 0.3, 0.0);
  for (std::uint64_t i = 0; i < 200; ++i) {
    const Selected first = select(first_round, i, kLength);
    const Selected both = select(masking, i, kLength);
    for (std::size_t j = 0; j < kLength; ++j) {
      ASSERT_GE(both[j], first[j]);
      const bool beside = (j > 0 && first[j - 1] == 1) || (j + 1 < kLength && first[j + 1] == 1);
      ASSERT_TRUE(!beside || both[j] == first[j]);
    }
  }
}

TEST(StickyMasking, WithEqualWeightsSelectsEveryPositionAlike) {
  constexpr std::uint64_t kSamples = 4000;
  constexpr std::size_t kLength = 40;
  const StickyMasking masking(0.3, 0.2, 0.2);
  std::vector<double> hits(kLength);
  for (std::uint64_t i = 0; i < kSamples; ++i) {
    const Selected selected = select(masking, i, kLength);
    for (std::size_t j = 0; j < kLength; ++j) hits[j] += selected[j];
  }
  for (const double hit : hits) expect_rate(hit, kSamples, 0.3);
}

TEST(StickyMasking, DrawsInProportionToTheWeights) {
  // Of 16 positions the first round selects two, the second one more. A position with a selected
  // neighbour has three times the weight of another: if m of the 14 have one, one of these m is
  // selected with probability 3m/(3m + 14 − m).
  const StickyMasking three(3.0 / 16, 0.1, 0.3);
  const StickyMasking two(2.0 / 16, 0.1, 0.3);
  double expected = 0;
  double variance = 0;
  double beside = 0;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const Selected before = select(two, i, 16);
    const Selected after = select(three, i, 16);
    double neighbours = 0;
    for (std::size_t j = 0; j < 16; ++j) {
      const bool is_neighbour = before[j] == 0 && weight_of(before, j, 0, 1) > 0;
      neighbours += is_neighbour;
      beside += is_neighbour && after[j] == 1;
    }
    const double p = 3 * neighbours / (3 * neighbours + (14 - neighbours));
    expected += p;
    variance += p * (1 - p);
  }
  EXPECT_NEAR(beside, expected, kSigmas * std::sqrt(variance));
}

TEST(StickyMasking, ClumpsOrSpreadsAsItsWeightsSay) {
  // Independent selection of 60 % gives runs of 1/(1 − 0.6) = 2.5 on average.
  EXPECT_NEAR(mean_run(StickyMasking(0.6, 0.2, 0.2), 1024, 200), 2.5, 0.03);
  EXPECT_NEAR(mean_run(StickyMasking(0.6, 0.3, 0.1), 1024, 200), 2.06, 0.03);
  EXPECT_GT(mean_run(StickyMasking(0.6, 0.1, 0.5), 1024, 200), 2.8);
}

}  // namespace
}  // namespace millrace::providers
