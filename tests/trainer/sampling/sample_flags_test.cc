// Flags of the program `sample`: real numbers, and what the sampler editing is told.
#include "trainer/sampling/sample_flags.h"

#include <gtest/gtest.h>

#include "tests/support/complaint.h"

namespace millrace::trainer {
namespace {

using testing::complaint;
using Given = std::map<std::string, std::optional<std::string>>;

config::Arguments arguments_of(const Given& flags) {
  config::Arguments arguments;
  arguments.flags = flags;
  return arguments;
}

/// The plan with --sampler editing.
EditPlan plan_of(Given flags) {
  flags["sampler"] = "editing";
  return read_edit_plan(arguments_of(flags));
}

TEST(SampleFlags, RealNumbers) {
  constexpr RealRange kRange{0.0, 2.0, "from 0 to 2"};
  const auto found = [&](const std::string& value) {
    return real_flag(arguments_of({{"x", value}}), "x", kRange);
  };
  EXPECT_EQ(found("0.25"), 0.25);
  EXPECT_EQ(found("0"), 0.0);
  EXPECT_EQ(found("2"), 2.0);
  for (const char* const value : {"2.5", "-1", "nan", "one", "1x", ""}) {
    EXPECT_EQ(complaint([&] { (void)found(value); }),
              "--x " + std::string(value) + " is not a number from 0 to 2");
  }
  EXPECT_EQ(real_flag(arguments_of({}), "x", kRange), std::nullopt);
}

TEST(SampleFlags, NothingSaidNothingIsEdited) {
  const EditPlan plan = read_edit_plan(arguments_of({{"sampler", "confidence"}}));
  EXPECT_FALSE(plan.edits());
  EXPECT_EQ(plan.noise.start + plan.noise.end, 0.0);
  EXPECT_EQ(plan_of({}).cooldown_distance, 5U);
}

TEST(SampleFlags, EachKnobOfEditing) {
  const EditPlan plan = plan_of({{"insert-ratio-start", "0.1"},
                                 {"insert-ratio-end", "0.2"},
                                 {"delete-ratio-start", "0.3"},
                                 {"delete-ratio-end", "0.4"},
                                 {"noise-start", "0.5"},
                                 {"noise-end", "0.6"},
                                 {"delete-margin", "0.7"},
                                 {"delete-lambda", "8"},
                                 {"edit-schedule", "linear"},
                                 {"cooldown-distance", "9"},
                                 {"length-target", "length"}});
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
  EXPECT_EQ(plan_of({{"noise-schedule", "linear"}}).noise_schedule, Curve::kLinear);
  EXPECT_EQ(plan_of({{"noise-schedule", "linear"}}).edit_schedule, Curve::kCosine);
  EXPECT_EQ(plan_of({{"edit-schedule", "cosine"}}).edit_schedule, Curve::kCosine);
  EXPECT_FALSE(plan_of({{"length-target", "none"}}).keeps_length);
}

TEST(SampleFlags, WhatIsOutOfRange) {
  const auto told = [](const char* flag, const char* value) {
    return complaint([&] { (void)plan_of({{flag, value}}); });
  };
  for (const char* const share :
       {"insert-ratio-start", "insert-ratio-end", "delete-ratio-start", "delete-ratio-end",
        "noise-start", "noise-end", "delete-margin"}) {
    EXPECT_EQ(told(share, "1.5"), "--" + std::string(share) + " 1.5 is not a number from 0 to 1");
  }
  EXPECT_EQ(told("delete-lambda", "-1"), "--delete-lambda -1 is not a number from 0 to 1e6");
  EXPECT_EQ(told("edit-schedule", "sine"),
            "--edit-schedule sine is unknown; known: linear, cosine");
  EXPECT_EQ(told("noise-schedule", "sine"),
            "--noise-schedule sine is unknown; known: linear, cosine");
  EXPECT_EQ(told("length-target", "to_max_new"),
            "--length-target to_max_new is unknown; known: none, length");
  EXPECT_EQ(told("cooldown-distance", "-1"),
            "--cooldown-distance=-1: expected a whole number from 0 to 1000000");
}

TEST(SampleFlags, OfEditingAlone) {
  const config::Program program =
      with_edit_flags({.name = "p", .usage = "", .about = "", .flags = {{"first", "N", "help"}}});
  ASSERT_EQ(program.flags.size(), 13U);
  EXPECT_EQ(program.flags[0].name, "first");
  for (std::size_t i = 1; i < program.flags.size(); ++i) {
    const std::string& flag = program.flags[i].name;
    const std::string wanted =
        "--" + flag + " goes with --sampler editing alone; choose that, or leave the flag out";
    EXPECT_EQ(complaint([&] { (void)read_edit_plan(arguments_of({{flag, "0"}})); }), wanted);
    EXPECT_EQ(complaint([&] {
                (void)read_edit_plan(arguments_of({{flag, "0"}, {"sampler", "confidence"}}));
              }),
              wanted);
  }
}

}  // namespace
}  // namespace millrace::trainer
