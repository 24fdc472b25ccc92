// Default masking and the stage types random and span against their definitions in
// docs/reference/char_diffusion.md: selected positions one by one, and their statistics; and the
// table of stage types. (sticky: sticky_masking_test.cc.)
#include "providers/masking/masking.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "config/errors.h"
#include "config/stages.h"
#include "providers/masking/default_masking.h"
#include "providers/masking/stage_types.h"
#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

using Selected = std::vector<std::uint8_t>;

PhiloxStream draws_of(std::uint64_t index) {
  return PhiloxStream(4711, proto::Split::kTrain, 0, index);
}

Selected select(const Masking& masking, std::uint64_t index, std::size_t length) {
  Selected selected(length, 7);  // select() must write every position
  masking.select(draws_of(index), selected);
  return selected;
}

std::size_t count(const Selected& selected) {
  return std::accumulate(selected.begin(), selected.end(), std::size_t{0});
}

/// How often each position is selected in `samples` samples.
std::vector<double> hits_by_position(const Masking& masking, std::size_t length,
                                     std::uint64_t samples) {
  std::vector<double> hits(length);
  for (std::uint64_t i = 0; i < samples; ++i) {
    const Selected selected = select(masking, i, length);
    for (std::size_t j = 0; j < length; ++j) hits[j] += selected[j];
  }
  return hits;
}

TEST(DefaultMasking, SelectsWordsBelowTheThreshold) {
  const auto masking = make_default_masking(0.15);
  const Selected selected = select(*masking, 3, 100);
  const auto threshold = static_cast<std::uint32_t>(std::llround(0.15 * 4294967296.0));
  for (std::size_t j = 0; j < 100; ++j) {
    EXPECT_EQ(selected[j] == 1, draws_of(3).word(Purpose::kSelect, j) < threshold);
  }
}

TEST(DefaultMasking, SelectsEveryPositionWithItsProbability) {
  constexpr std::uint64_t kSamples = 4000;
  for (const double p : {0.01, 0.15, 0.5}) {
    for (const double hits : hits_by_position(*make_default_masking(p), 64, kSamples)) {
      expect_rate(hits, kSamples, p);
    }
  }
}

TEST(DefaultMasking, SelectsNeighboursIndependently) {
  constexpr double kP = 0.3;
  const auto masking = make_default_masking(kP);
  double both = 0;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const Selected selected = select(*masking, i, 64);
    for (std::size_t j = 0; j < 64; j += 2) both += selected[j] & selected[j + 1];
  }
  expect_rate(both, 2000 * 32, kP * kP);
}

TEST(DefaultMasking, SelectsNoneForZeroAndAllForOne) {
  EXPECT_EQ(count(select(*make_default_masking(0.0), 1, 1000)), 0U);
  EXPECT_EQ(count(select(*make_default_masking(1.0), 1, 1000)), 1000U);
}

TEST(RandomMasking, SelectsWithTheRatioOfTheSample) {
  const auto masking = make_masking(random_stage(0.5));
  for (std::uint64_t i = 0; i < 20; ++i) {
    const std::uint64_t r = std::uint64_t{draws_of(i).word(Purpose::kRatio, 0)} + 1;
    const std::uint64_t threshold = r / 2;  // round(0.5 · 2^32) · r / 2^32
    const Selected selected = select(*masking, i, 100);
    for (std::size_t j = 0; j < 100; ++j) {
      ASSERT_EQ(selected[j] == 1, draws_of(i).word(Purpose::kSelect, j) < threshold);
    }
  }
}

TEST(RandomMasking, DrawsItsRatioUniformlyUpToTheLargest) {
  // With ratio p ~ U(0, m) the count of L positions has mean L·m/2 and variance L·(m/2 − m²/3) +
  // L²·m²/12.
  constexpr double kMax = 0.5;
  constexpr std::size_t kLength = 256;
  constexpr std::uint64_t kSamples = 4000;
  const auto masking = make_masking(random_stage(kMax));
  double sum = 0;
  double squares = 0;
  for (std::uint64_t i = 0; i < kSamples; ++i) {
    const auto selected = static_cast<double>(count(select(*masking, i, kLength)));
    sum += selected;
    squares += selected * selected;
  }
  const double mean = kLength * kMax / 2;
  const double variance =
      kLength * (kMax / 2 - kMax * kMax / 3) + kLength * kLength * kMax * kMax / 12;
  EXPECT_NEAR(sum / kSamples, mean, kSigmas * std::sqrt(variance / kSamples));
  const double measured = squares / kSamples - sum / kSamples * sum / kSamples;
  // A uniform's kurtosis is below the normal's.
  EXPECT_NEAR(measured / variance, 1, kSigmas * std::sqrt(2.0 / kSamples));
}

TEST(RandomMasking, OfRatioOneCanSelectAll) {
  const auto masking = make_masking(random_stage(1.0));
  for (std::uint64_t i = 0; i < 50; ++i) {
    const std::uint64_t r = std::uint64_t{draws_of(i).word(Purpose::kRatio, 0)} + 1;
    const Selected selected = select(*masking, i, 64);
    for (std::size_t j = 0; j < 64; ++j) {
      ASSERT_EQ(selected[j] == 1, draws_of(i).word(Purpose::kSelect, j) < r);
    }
  }
}

TEST(SpanMasking, FillsTheIntervalsBetweenItsSortedEnds) {
  constexpr std::uint32_t kLength = 200;
  for (const std::uint32_t spans : {1U, 3U, 20U}) {
    const auto masking = make_masking(span_stage(spans));
    EXPECT_EQ(masking->corruption(), Corruption::kAllMask);
    for (std::uint64_t i = 0; i < 20; ++i) {
      std::vector<std::uint32_t> ends;
      for (std::uint32_t w = 0; w < 2 * spans; ++w) {
        ends.push_back(uniform_below(draws_of(i).word(Purpose::kSelect, w), kLength));
      }
      std::sort(ends.begin(), ends.end());
      const Selected selected = select(*masking, i, kLength);
      for (std::uint32_t j = 0; j < kLength; ++j) {
        bool inside = false;
        for (std::uint32_t s = 0; s < spans; ++s) {
          inside |= ends[2 * s] <= j && j <= ends[2 * s + 1];
        }
        ASSERT_EQ(selected[j] == 1, inside) << "sample " << i << " position " << j;
      }
    }
  }
}

TEST(SpanMasking, CoversEachPositionWithTheExactProbability) {
  // Position j is not selected if an even number of the 2n ends lies before it and none on it: with
  // a = j/L and b = 1 − a − 1/L, the probability is ((b + a)^2n + (b − a)^2n)/2.
  constexpr std::size_t kLength = 50;
  constexpr std::uint64_t kSamples = 4000;
  for (const std::uint32_t spans : {1U, 2U, 10U}) {
    const auto hits = hits_by_position(*make_masking(span_stage(spans)), kLength, kSamples);
    for (std::size_t j = 0; j < kLength; ++j) {
      const double a = static_cast<double>(j) / kLength;
      const double b = 1 - a - 1.0 / kLength;
      const double free = (std::pow(b + a, 2 * spans) + std::pow(b - a, 2 * spans)) / 2;
      expect_rate(hits[j], kSamples, 1 - free, "position " + std::to_string(j));
    }
  }
}

TEST(SpanMasking, OfOneSpanHasTheExactLengths) {
  // Two independent ends: length 1 + d with probability 2(L − d)/L² for d > 0 and 1/L for d = 0.
  constexpr std::size_t kLength = 20;
  constexpr std::uint64_t kSamples = 20'000;
  const auto masking = make_masking(span_stage(1));
  std::vector<double> lengths(kLength + 1);
  for (std::uint64_t i = 0; i < kSamples; ++i) ++lengths[count(select(*masking, i, kLength))];
  for (std::size_t d = 0; d < kLength; ++d) {
    const double p =
        d == 0 ? 1.0 / kLength : 2.0 * static_cast<double>(kLength - d) / (kLength * kLength);
    expect_rate(lengths[d + 1], kSamples, p, "length " + std::to_string(d + 1));
  }
}

TEST(MakeMasking, ListsTheKnownTypesForAnUnknownOne) {
  config::StageOptions stage;
  stage.type = "stiky";
  expect_error<config::UsageError>([&] { (void)make_masking(stage); },
                                   {"stiky", "random, sticky, span"});
}

// A recipe's numbers are checked where they are read; these stages are made without one.
TEST(MakeMasking, RefusesNumbersOutsideTheirRanges) {
  const auto refuses = [](const config::StageOptions& stage, const std::string& message) {
    expect_error<config::UsageError>([&] { (void)make_masking(stage); }, {message});
  };
  const std::string ratio = ": expected a number from 0 to 1";
  refuses(random_stage(1.5), "stage of type random: max_masked_ratio = 1.5" + ratio);
  refuses(random_stage(-0.1), "stage of type random: max_masked_ratio = -0.1" + ratio);
  refuses(random_stage(std::nan("")), "stage of type random: max_masked_ratio = nan" + ratio);
  refuses(sticky_stage(2, 0.5, 0.5), "stage of type sticky: target_masked_ratio = 2.0" + ratio);
  refuses(sticky_stage(0.5, -1, 0.5), "stage of type sticky: p1_probability = -1.0" + ratio);
  refuses(sticky_stage(0.5, 0.5, HUGE_VAL), "stage of type sticky: p2_probability = inf" + ratio);
  for (const std::uint32_t spans : {0U, 65537U}) {
    refuses(span_stage(spans), "stage of type span: spans_count = " + std::to_string(spans) +
                                   ": expected a whole number from 1 to 65536");
  }
}

TEST(MakeMasking, AllowsTheEndsOfTheRanges) {
  for (const double end : {0.0, 1.0}) {
    EXPECT_NO_THROW((void)make_masking(random_stage(end)));
    EXPECT_NO_THROW((void)make_masking(sticky_stage(end, end, end)));
  }
  for (const std::uint32_t spans : {1U, 65536U}) {
    EXPECT_NO_THROW((void)make_masking(span_stage(spans)));
  }
}

// Types with keys of their own are in config/stages.cc too, and none of them may lack its code.
TEST(StageTypes, HoldAllThatHaveKeys) {
  std::vector<std::string_view> here;
  for (const StageType& type : stage_types()) here.push_back(type.name);
  for (const config::KeyedStageType& type : config::keyed_stage_types()) {
    EXPECT_EQ(std::ranges::count(here, type.name), 1) << type.name;
  }
  EXPECT_EQ(std::set(here.begin(), here.end()).size(), here.size());
}

}  // namespace
}  // namespace millrace::providers
