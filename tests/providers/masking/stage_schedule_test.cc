// The stage of a sample under each schedule.
#include "providers/masking/stage_schedule.h"

#include <gtest/gtest.h>

#include "tests/providers/support.h"

namespace millrace::providers {
namespace {

using proto::Split;

std::vector<std::uint8_t> cycle(const StageSchedule& schedule, std::uint64_t number,
                                std::uint32_t stages) {
  std::vector<std::uint8_t> order;
  for (std::uint64_t i = 0; i < stages; ++i) {
    order.push_back(schedule.stage_of(number * stages + i, std::nullopt));
  }
  return order;
}

TEST(StageSchedule, NoneIsAlwaysZero) {
  const StageSchedule schedule(Schedule::kNone, 1, 5, Split::kTrain);
  for (const std::uint64_t index : {0ULL, 1ULL, 1ULL << 40}) {
    EXPECT_EQ(schedule.stage_of(index, std::nullopt), 0);
  }
}

TEST(StageSchedule, MixHasEveryStageOncePerCycle) {
  constexpr std::uint32_t kStages = 9;
  const StageSchedule schedule(Schedule::kMix, kStages, 1337, Split::kTrain);
  for (const std::uint64_t number : {0ULL, 1ULL, 2ULL, 1000ULL, 1ULL << 50}) {
    std::vector<std::uint64_t> seen(kStages);
    for (const std::uint8_t stage : cycle(schedule, number, kStages)) ++seen.at(stage);
    expect_all(seen, 1U);
  }
}

TEST(StageSchedule, MixShufflesEachCycleAnew) {
  constexpr std::uint32_t kStages = 9;
  const StageSchedule schedule(Schedule::kMix, kStages, 1337, Split::kTrain);
  // [place][stage].
  std::vector<std::vector<std::uint64_t>> seen(kStages, std::vector<std::uint64_t>(kStages));
  for (std::uint64_t number = 0; number < 5000; ++number) {
    const auto order = cycle(schedule, number, kStages);
    for (std::size_t place = 0; place < kStages; ++place) ++seen[place][order[place]];
  }
  for (const auto& counts : seen) expect_uniform(counts);
}

TEST(StageSchedule, MixDependsOnSeedAndSplit) {
  const auto orders = [](std::uint64_t seed, Split split) {
    const StageSchedule schedule(Schedule::kMix, 14, seed, split);
    return cycle(schedule, 0, 14);
  };
  EXPECT_NE(orders(1, Split::kTrain), orders(2, Split::kTrain));
  EXPECT_NE(orders(1, Split::kTrain), orders(1, Split::kVal));
  EXPECT_EQ(orders(1, Split::kVal), orders(1, Split::kVal));
}

TEST(StageSchedule, TakesTheStageThatTheTrainerNames) {
  for (const Schedule kind : {Schedule::kSteps, Schedule::kPlateau}) {
    const StageSchedule schedule(kind, 3, 1, Split::kTrain);
    EXPECT_EQ(schedule.stage_of(17, std::uint8_t{2}), 2);
    expect_error<std::logic_error>([&] { (void)schedule.stage_of(17, std::nullopt); },
                                   {"the trainer names the stage", "train"});
  }
}

TEST(StageSchedule, RefusesAStageThatDoesNotExist) {
  const StageSchedule schedule(Schedule::kSteps, 3, 1, Split::kTrain);
  expect_error<std::out_of_range>([&] { (void)schedule.stage_of(0, std::uint8_t{3}); },
                                  {"stage 3", "has 3"});
}

TEST(ScheduleFrom, KnowsItsFourNames) {
  EXPECT_EQ(schedule_from("none"), Schedule::kNone);
  EXPECT_EQ(schedule_from("mix"), Schedule::kMix);
  EXPECT_EQ(schedule_from("steps"), Schedule::kSteps);
  EXPECT_EQ(schedule_from("plateau"), Schedule::kPlateau);
}

}  // namespace
}  // namespace millrace::providers
