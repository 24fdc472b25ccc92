// The ranges that the consumer asks for, and the samples it hands out, across changes of stage.
#include "consumer/prefetch_window.h"

#include <gtest/gtest.h>

#include "tests/support/sample_stream.h"

namespace millrace::consumer {
namespace {

using proto::Range;
using proto::Split;

constexpr std::uint32_t kRange = 8;

class PrefetchWindowTest : public ::testing::Test {
 protected:
  static PrefetchPlan plan() {
    return {.sharding = {4, 1, 0, 1},
            .cursor = 0,
            .eval_samples = 20,
            .train_window = {.samples = 32},
            .stage_log = {{0, 1}}};
  }
  void bring_all() {
    for (const Range& range : window_.missing()) window_.put(testing::sample_batch(range));
  }
  /// Whether every train range that is missing has the stage that the log names for it.
  void expect_no_straddling(const proto::StageLog& log) const {
    for (const Range& range : window_.missing()) {
      EXPECT_TRUE(proto::agrees(log, range)) << range.first << '+' << range.count;
    }
  }

  PrefetchWindow window_{testing::sample_meta(), plan(), kRange};
};

TEST_F(PrefetchWindowTest, AsksForTheWholeWindowAtTheStageOfTheLog) {
  const auto missing = window_.missing();
  ASSERT_EQ(missing.size(), 4U);
  EXPECT_EQ(missing[0], (Range{Split::kTrain, 0, kRange, 1}));
  EXPECT_EQ(missing[3], (Range{Split::kTrain, 24, kRange, 1}));
}

TEST(PrefetchWindow, ARankAsksOnlyForItsShareOfEveryStep) {
  const PrefetchPlan plan{.sharding = {16, 2, 1, 2},
                          .cursor = 0,
                          .eval_samples = 0,
                          .train_window = {.samples = 64},
                          .stage_log = {}};
  std::vector<std::uint64_t> firsts;
  for (const Range& range : PrefetchWindow(testing::sample_meta(), plan, kRange).missing()) {
    firsts.push_back(range.first);
  }
  EXPECT_EQ(firsts, (std::vector<std::uint64_t>{16, 24, 48, 56}))
      << "of steps of 32 samples, the second half";
}

TEST_F(PrefetchWindowTest, ValIsRequestedOnceTheTrainerAsksForIt) {
  EXPECT_EQ(window_.get(Split::kVal, 0, 4), std::nullopt);
  EXPECT_EQ(window_.missing()[0], (Range{Split::kVal, 0, kRange, std::nullopt}));
}

TEST_F(PrefetchWindowTest, TestIsRequestedAsValIs) {
  proto::StreamMeta meta = testing::sample_meta();
  meta.sizes[static_cast<std::size_t>(Split::kTest)] = 12;
  PrefetchWindow window(meta, plan(), kRange);
  EXPECT_EQ(window.get(Split::kTest, 4, 4), std::nullopt);
  const auto missing = window.missing();
  EXPECT_EQ(missing[0], (Range{Split::kTest, 0, kRange, std::nullopt}));
  EXPECT_EQ(missing[1], (Range{Split::kTest, 8, 4, std::nullopt}));
  EXPECT_EQ(missing[2].split, Split::kTrain);
}

TEST_F(PrefetchWindowTest, AChangeTakesEffectAtItsSampleWhateverWasFetchedAhead) {
  bring_all();
  window_.advance(12);
  const proto::StageLog log{{0, 1}, {12, 2}};
  window_.set_stage_log(log);
  EXPECT_EQ(window_.get(Split::kTrain, 12, 4), std::nullopt);
  expect_no_straddling(log);
  EXPECT_EQ(window_.missing()[0], (Range{Split::kTrain, 12, 4, 2}));
  bring_all();
  const auto batch = window_.get(Split::kTrain, 12, 8);
  ASSERT_TRUE(batch.has_value());
  EXPECT_TRUE(testing::same_bytes(*batch, testing::sample_batch({Split::kTrain, 12, 8, 2})));
}

TEST_F(PrefetchWindowTest, BatchesAtTheOldStageAreDropped) {
  const auto asked = window_.missing();
  window_.set_stage_log({{0, 2}});
  for (const Range& range : asked) window_.put(testing::sample_batch(range));
  EXPECT_EQ(window_.get(Split::kTrain, 0, 4), std::nullopt);
}

TEST_F(PrefetchWindowTest, ChangesThatAreKnownAheadLeaveNoGap) {
  const proto::StageLog log{{0, 1}, {10, 2}, {13, 3}};
  window_.set_stage_log(log);
  expect_no_straddling(log);
  bring_all();
  for (std::uint64_t first = 0; first < 32; first += 4) {
    EXPECT_TRUE(window_.get(Split::kTrain, first, 4).has_value()) << first;
  }
}

}  // namespace
}  // namespace millrace::consumer
