// The own flags of the sampler editing.
#include "trainer/sampling/editing_flags.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/complaint.h"

namespace millrace::trainer {
namespace {

using testing::complaint;

EditPlan plan_of(const std::vector<std::string>& words) {
  const config::Program program{.name = "sample",
                                .usage = "",
                                .about = "",
                                .flags = edit_flags(),
                                .min_positional = 0,
                                .max_positional = 0};
  std::vector<const char*> line{"sample"};
  for (const std::string& word : words) line.push_back(word.c_str());
  return read_edit_plan(config::parse(program, static_cast<int>(line.size()), line.data()));
}

TEST(EditingFlags, WithoutFlagsNothingIsEdited) {
  const EditPlan plan = plan_of({});
  EXPECT_FALSE(plan.edits());
  EXPECT_EQ(plan.noise.start + plan.noise.end, 0.0);
  EXPECT_EQ(plan.cooldown_distance, 5U);
  EXPECT_FALSE(plan.keeps_length);
}

TEST(EditingFlags, EachSetsItsMemberOfThePlan) {
  const EditPlan plan =
      plan_of({"--insert-ratio-start=0.1", "--insert-ratio-end=0.2", "--delete-ratio-start=0.3",
               "--delete-ratio-end=0.4", "--noise-start=0.5", "--noise-end=0.6",
               "--delete-margin=0.7", "--delete-lambda=8", "--edit-schedule=linear",
               "--cooldown-distance=9", "--length-target=length"});
  EXPECT_EQ(plan.insert_ratio.start, 0.1);
  EXPECT_EQ(plan.insert_ratio.end, 0.2);
  EXPECT_EQ(plan.delete_ratio.start, 0.3);
  EXPECT_EQ(plan.delete_ratio.end, 0.4);
  EXPECT_EQ(plan.noise.start, 0.5);
  EXPECT_EQ(plan.noise.end, 0.6);
  EXPECT_EQ(plan.delete_margin, 0.7);
  EXPECT_EQ(plan.delete_lambda, 8.0);
  EXPECT_EQ(plan.edit_schedule, Curve::kLinear);
  EXPECT_EQ(plan.noise_schedule, Curve::kCosine);
  EXPECT_EQ(plan.cooldown_distance, 9U);
  EXPECT_TRUE(plan.keeps_length);
  EXPECT_EQ(plan_of({"--noise-schedule=linear"}).noise_schedule, Curve::kLinear);
  EXPECT_EQ(plan_of({"--noise-schedule=linear"}).edit_schedule, Curve::kCosine);
  EXPECT_EQ(plan_of({"--edit-schedule=cosine"}).edit_schedule, Curve::kCosine);
  EXPECT_FALSE(plan_of({"--length-target=none"}).keeps_length);
}

TEST(EditingFlags, RefuseValuesOutOfRange) {
  const auto told = [](const std::string& flag, const std::string& value) {
    return complaint([&] { (void)plan_of({"--" + flag, value}); });
  };
  for (const char* const share :
       {"insert-ratio-start", "insert-ratio-end", "delete-ratio-start", "delete-ratio-end",
        "noise-start", "noise-end", "delete-margin"}) {
    EXPECT_EQ(told(share, "1.5"), "--" + std::string(share) + " 1.5 is not a number from 0 to 1");
  }
  EXPECT_EQ(told("delete-lambda", "-1"), "--delete-lambda -1 is not a number from 0 to 1e+06");
  EXPECT_EQ(told("edit-schedule", "sine"),
            "--edit-schedule sine is unknown; known: linear, cosine");
  EXPECT_EQ(told("noise-schedule", "sine"),
            "--noise-schedule sine is unknown; known: linear, cosine");
  EXPECT_EQ(told("length-target", "to_max_new"),
            "--length-target to_max_new is unknown; known: none, length");
  EXPECT_EQ(told("cooldown-distance", "-1"),
            "--cooldown-distance=-1: expected a whole number from 0 to 1000000");
}

}  // namespace
}  // namespace millrace::trainer
