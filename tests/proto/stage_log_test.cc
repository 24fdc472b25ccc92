// Stage logs: the stage of a sample, and ranges cut where it changes.
#include "proto/stage_log.h"

#include <gtest/gtest.h>

namespace millrace::proto {
namespace {

const StageLog kLog{{0, 4}, {100, 0}, {130, 7}};

TEST(StageLog, NamesTheStageOfEverySample) {
  EXPECT_EQ(stage_at(kLog, 0), 4);
  EXPECT_EQ(stage_at(kLog, 99), 4);
  EXPECT_EQ(stage_at(kLog, 100), 0);
  EXPECT_EQ(stage_at(kLog, 129), 0);
  EXPECT_EQ(stage_at(kLog, 130), 7);
  EXPECT_EQ(stage_at(kLog, std::uint64_t{1} << 60), 7);
  EXPECT_EQ(stage_at({}, 5), std::nullopt);
}

TEST(StageLog, NoRangeStraddlesAChange) {
  const auto pieces = cut_at_stages(kLog, 96, 64);
  ASSERT_EQ(pieces.size(), 3U);
  EXPECT_EQ(pieces[0], (Range{Split::kTrain, 96, 4, 4}));
  EXPECT_EQ(pieces[1], (Range{Split::kTrain, 100, 30, 0}));
  EXPECT_EQ(pieces[2], (Range{Split::kTrain, 130, 30, 7}));
  EXPECT_EQ(cut_at_stages({}, 96, 64), (std::vector<Range>{{Split::kTrain, 96, 64, std::nullopt}}));
  EXPECT_TRUE(cut_at_stages(kLog, 96, 0).empty());
}

TEST(StageLog, AgreesWithRangesOfItsOwnStages) {
  EXPECT_TRUE(agrees(kLog, {Split::kTrain, 0, 100, 4}));
  EXPECT_FALSE(agrees(kLog, {Split::kTrain, 0, 101, 4}));
  EXPECT_FALSE(agrees(kLog, {Split::kTrain, 0, 100, 5}));
  EXPECT_FALSE(agrees(kLog, {Split::kTrain, 0, 100, std::nullopt}));
  EXPECT_TRUE(agrees({}, {Split::kTrain, 0, 100, std::nullopt}));
  EXPECT_TRUE(agrees(kLog, {Split::kVal, 0, 1000, std::nullopt}));
}

}  // namespace
}  // namespace millrace::proto
