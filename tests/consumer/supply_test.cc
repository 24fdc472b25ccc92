#include "consumer/supply.h"

#include <gtest/gtest.h>

#include "tests/support/sample_stream.h"

namespace millrace::consumer {
namespace {

using proto::Range;
using proto::Split;

constexpr std::uint32_t kRange = 8;

class SupplyTest : public ::testing::Test {
 protected:
  static PrefetchPlan plan() {
    return {.deal = {4, 1, 0, 1},
            .cursor = 0,
            .eval_samples = 20,
            .train_window = {.samples = 32},
            .stage_log = {{0, 1}}};
  }
  void bring_all() {
    for (const Range& range : supply_.missing()) supply_.put(testing::sample_batch(range));
  }
  /// Whether every train range that is missing has the stage that the log names for it.
  void expect_no_straddling(const proto::StageLog& log) const {
    for (const Range& range : supply_.missing()) {
      EXPECT_TRUE(proto::agrees(log, range)) << range.first << '+' << range.count;
    }
  }

  Supply supply_{testing::sample_meta(), plan(), kRange};
};

TEST_F(SupplyTest, AsksForTheWholeWindowAtTheStageOfTheLog) {
  const auto missing = supply_.missing();
  ASSERT_EQ(missing.size(), 4U);
  EXPECT_EQ(missing[0], (Range{Split::kTrain, 0, kRange, 1}));
  EXPECT_EQ(missing[3], (Range{Split::kTrain, 24, kRange, 1}));
}

TEST(Supply, OfARankAsksForItsShareOfEveryStepAlone) {
  const PrefetchPlan plan{.deal = {16, 2, 1, 2},
                          .cursor = 0,
                          .eval_samples = 0,
                          .train_window = {.samples = 64},
                          .stage_log = {}};
  std::vector<std::uint64_t> firsts;
  for (const Range& range : Supply(testing::sample_meta(), plan, kRange).missing()) {
    firsts.push_back(range.first);
  }
  EXPECT_EQ(firsts, (std::vector<std::uint64_t>{16, 24, 48, 56}))
      << "of steps of 32 samples, the second half";
}

TEST_F(SupplyTest, ValIsAskedForOnceTheTrainerWantsIt) {
  EXPECT_EQ(supply_.get(Split::kVal, 0, 4), std::nullopt);
  EXPECT_EQ(supply_.missing()[0], (Range{Split::kVal, 0, kRange, std::nullopt}));
}

TEST_F(SupplyTest, AChangeTakesEffectAtItsSampleWhateverWasFetchedAhead) {
  bring_all();
  supply_.advance(12);
  const proto::StageLog log{{0, 1}, {12, 2}};
  supply_.follow(log);
  EXPECT_EQ(supply_.get(Split::kTrain, 12, 4), std::nullopt);
  expect_no_straddling(log);
  EXPECT_EQ(supply_.missing()[0], (Range{Split::kTrain, 12, 4, 2}));
  bring_all();
  const auto batch = supply_.get(Split::kTrain, 12, 8);
  ASSERT_TRUE(batch.has_value());
  EXPECT_TRUE(testing::same_bytes(*batch, testing::sample_batch({Split::kTrain, 12, 8, 2})));
}

TEST_F(SupplyTest, WhatWasOnItsWayAtTheOldStageIsDropped) {
  const auto asked = supply_.missing();
  supply_.follow({{0, 2}});
  for (const Range& range : asked) supply_.put(testing::sample_batch(range));
  EXPECT_EQ(supply_.get(Split::kTrain, 0, 4), std::nullopt);
}

TEST_F(SupplyTest, ChangesThatAreKnownAheadLeaveNoGap) {
  const proto::StageLog log{{0, 1}, {10, 2}, {13, 3}};
  supply_.follow(log);
  expect_no_straddling(log);
  bring_all();
  for (std::uint64_t first = 0; first < 32; first += 4) {
    EXPECT_TRUE(supply_.get(Split::kTrain, first, 4).has_value()) << first;
  }
}

}  // namespace
}  // namespace millrace::consumer
