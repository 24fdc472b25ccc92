// The end of a run, and what is due after which step.
#include "trainer/run/run_schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "config/errors.h"
#include "config/recipe.h"
#include "tests/support/messages.h"

namespace millrace::trainer {
namespace {

using testing::contains;

/// Steps of 12 samples.
config::Options recipe(std::vector<config::Override> overrides) {
  overrides.push_back({"batch_size", "6"});
  overrides.push_back({"gradient_accumulation_steps", "2"});
  return config::default_options(overrides);
}

RunSchedule schedule(const std::vector<config::Override>& overrides,
                     std::optional<std::uint64_t> epoch_samples = {}) {
  return {recipe(overrides), epoch_samples};
}

using Due = bool (RunSchedule::*)(std::uint64_t, std::uint64_t) const;

/// The steps up to `last` after which it is due, where all but the `bad` ones are good.
std::vector<std::uint64_t> due_steps(const RunSchedule& schedule, Due due, std::uint64_t last,
                                     const std::vector<std::uint64_t>& bad = {}) {
  std::vector<std::uint64_t> steps;
  std::uint64_t good = 0;
  for (std::uint64_t step = 1; step <= last; ++step) {
    if (std::ranges::find(bad, step) != bad.end()) continue;
    if ((schedule.*due)(good, step)) steps.push_back(step);
    good = step;
  }
  return steps;
}

using Steps = std::vector<std::uint64_t>;

TEST(RunSchedule, CountsStepsWhereTheRecipeNamesNoEpochs) {
  const RunSchedule steps = schedule({{"max_iters", "9"},
                                      {"eval_interval", "3"},
                                      {"checkpoint_interval", "4"},
                                      {"log_interval", "5"}});
  EXPECT_EQ(steps.last_step(), 9U);
  EXPECT_EQ(due_steps(steps, &RunSchedule::should_evaluate, 9), (Steps{3, 6, 9}));
  EXPECT_EQ(due_steps(steps, &RunSchedule::should_save, 9), (Steps{4, 8}));
  EXPECT_TRUE(steps.should_log(5));
  EXPECT_FALSE(steps.should_log(6));
  EXPECT_EQ(steps.epochs(9), std::nullopt);
  EXPECT_EQ(steps.about_epochs(), "");
  EXPECT_EQ(steps.over(9),
            "step 9 of max_iters = 9 is done already; raise --train.max_iters to go on");
}

TEST(RunSchedule, AnEpochEndsWithTheStepThatUsesItsLastSample) {
  // Epochs of 30 samples and steps of 12: 2.5 steps each.
  const RunSchedule epochs = schedule(
      {{"max_epochs", "4"}, {"epoch_eval_interval", "1"}, {"epoch_checkpoint_interval", "2"}}, 30);
  EXPECT_EQ(epochs.last_step(), 10U);
  EXPECT_EQ(due_steps(epochs, &RunSchedule::should_evaluate, 10), (Steps{3, 5, 8, 10}));
  EXPECT_EQ(due_steps(epochs, &RunSchedule::should_save, 10), (Steps{5, 10}));
  EXPECT_EQ(epochs.epoch_to_keep(4, 5), 2U);
  EXPECT_EQ(epochs.epoch_to_keep(5, 6), std::nullopt);
  EXPECT_EQ(epochs.epochs(1), 0.4);
  EXPECT_EQ(epochs.epochs(5), 2.0);
  EXPECT_EQ(schedule({{"max_epochs", "1"}}, 7).epochs(1), 1.714286) << "six digits";
}

TEST(RunSchedule, EpochAndStepIntervalsAreIndependent) {
  const RunSchedule both = schedule({{"eval_interval", "4"},
                                     {"epoch_eval_interval", "2"},
                                     {"checkpoint_interval", "7"},
                                     {"epoch_checkpoint_interval", "1"}},
                                    36);
  EXPECT_EQ(due_steps(both, &RunSchedule::should_evaluate, 13), (Steps{4, 6, 8, 12}));
  EXPECT_EQ(due_steps(both, &RunSchedule::should_save, 13), (Steps{3, 6, 7, 9, 12}));
  EXPECT_EQ(both.last_step(), config::TrainOptions{}.max_iters);
}

TEST(RunSchedule, TheFirstLimitEndsTheRun) {
  EXPECT_EQ(schedule({{"max_iters", "9"}, {"max_epochs", "4"}}, 30).last_step(), 9U);
  EXPECT_EQ(schedule({{"max_iters", "11"}, {"max_epochs", "4"}}, 30).last_step(), 10U);
  EXPECT_EQ(schedule({{"max_epochs", "1000000000000"}}, std::numeric_limits<std::uint64_t>::max())
                .last_step(),
            config::TrainOptions{}.max_iters)
      << "without running over";
}

TEST(RunSchedule, SaysWhatAnEpochIsAndWhatEndsTheRun) {
  EXPECT_EQ(schedule({{"max_epochs", "4"}}, 30).about_epochs(),
            "an epoch has 30 samples, 2.50 steps; max_epochs = 4 ends the run with step 10");
  EXPECT_EQ(schedule({{"max_iters", "9"}, {"max_epochs", "4"}}, 30).about_epochs(),
            "an epoch has 30 samples, 2.50 steps; max_iters = 9 ends the run after 3.60 epochs, "
            "before max_epochs = 4; raise "
            "--train.max_iters to get there");
  EXPECT_EQ(schedule({{"max_iters", "9"}, {"epoch_eval_interval", "1"}}, 30).about_epochs(),
            "an epoch has 30 samples, 2.50 steps; max_iters = 9 ends the run after 3.60 epochs");
  EXPECT_EQ(schedule({{"max_iters", "10"}, {"max_epochs", "4"}}, 30).about_epochs(),
            "an epoch has 30 samples, 2.50 steps; max_iters = 10 ends the run after 4.00 epochs");
  EXPECT_EQ(
      schedule({{"max_epochs", "4"}}, 30).over(10),
      "step 10, the end of max_epochs = 4, is done already; raise --train.max_epochs to go on");
}

TEST(RunSchedule, AStepThatEndsSeveralEpochsKeepsTheLast) {
  const RunSchedule tiny = schedule({{"epoch_checkpoint_interval", "2"}}, 2);  // 6 epochs a step
  EXPECT_EQ(tiny.epoch_to_keep(0, 1), 6U);
  EXPECT_EQ(tiny.epoch_to_keep(1, 2), 12U);
}

TEST(RunSchedule, EventsDueInBadStepsWaitForTheNextGoodStep) {
  const RunSchedule both = schedule(
      {{"eval_interval", "4"}, {"checkpoint_interval", "100"}, {"epoch_checkpoint_interval", "1"}},
      36);
  EXPECT_EQ(due_steps(both, &RunSchedule::should_evaluate, 12, {3, 4, 5}), (Steps{6, 8, 12}));
  EXPECT_EQ(due_steps(both, &RunSchedule::should_save, 12, {3, 4, 5}), (Steps{6, 9, 12}))
      << "one for the epochs 1 and 2";
  EXPECT_EQ(both.epoch_to_keep(2, 6), 2U);
  EXPECT_EQ(due_steps(both, &RunSchedule::should_evaluate, 12, {8, 12}), (Steps{4, 9}));
}

TEST(RunSchedule, AStreamWithoutEpochsIsRefusedWhereTheRecipeCountsThem) {
  for (const std::string key : {"max_epochs", "epoch_eval_interval", "epoch_checkpoint_interval"}) {
    EXPECT_TRUE(counts_epochs(recipe({{key, "3"}}).train));
    EXPECT_EQ(testing::message_of<config::UsageError>([&] {
                (void)schedule({{key, "3"}, {"provider.name", "synthetic"}});
              }),
              "train." + key +
                  " = 3: provider synthetic does not say how many samples an epoch has; set it to "
                  "0 and count in steps");
  }
  EXPECT_FALSE(counts_epochs(recipe({}).train));
  EXPECT_EQ(schedule({}, 30).epochs(5), std::nullopt) << "the recipe does not count them";
}

}  // namespace
}  // namespace millrace::trainer
