// Steps in a row without a finite loss and gradient, and the lines about them.
#include "trainer/run/non_finite_steps.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace millrace::trainer {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

NonFiniteSteps after(std::uint64_t most, std::uint64_t begin, const std::vector<bool>& bad) {
  NonFiniteSteps steps(most, begin);
  for (const bool one : bad) steps.count(one);
  return steps;
}

TEST(NonFiniteSteps, AreCountedUntilAGoodOne) {
  EXPECT_FALSE(after(3, 0, {}).in_streak());
  EXPECT_FALSE(after(3, 0, {false, false}).in_streak());
  EXPECT_EQ(after(3, 0, {false, false}).last_good(), 2U);
  const NonFiniteSteps two = after(3, 100, {false, true, true});
  EXPECT_TRUE(two.in_streak());
  EXPECT_FALSE(two.too_many());
  EXPECT_EQ(two.last_good(), 101U);
  EXPECT_TRUE(after(3, 100, {false, true, true, true}).too_many());
  const NonFiniteSteps apart = after(3, 0, {true, true, false, true, true});
  EXPECT_TRUE(apart.in_streak());
  EXPECT_FALSE(apart.too_many()) << "in a row, not in all";
  EXPECT_EQ(apart.last_good(), 3U);
  EXPECT_FALSE(after(3, 0, {true, true, false}).in_streak());
}

TEST(NonFiniteSteps, TheFirstIsTooManyAtALimitOfOne) {
  EXPECT_TRUE(after(1, 0, {true}).too_many());
}

TEST(NonFiniteSteps, ARunThatBeginsWithThemHasNoGoodStep) {
  const NonFiniteSteps first = after(2, 0, {true, true});
  EXPECT_TRUE(first.too_many());
  EXPECT_EQ(first.last_good(), 0U);
}

TEST(NonFiniteSteps, EachHasALine) {
  EXPECT_EQ(after(10, 500, {true, true}).skipped(-kNan, kInfinity),
            "step 502: the loss is nan and the gradient's norm inf; the step is left out (2 of "
            "train.max_bad_steps = 10 in a row)");
}

TEST(NonFiniteSteps, AFailureNamesTheFirstAndTheLastAndWhatToDo) {
  EXPECT_EQ(after(2, 500, {true, true}).failure(kNan, kInfinity, "out/step-00000500"),
            "steps 501 to 502: no finite loss and gradient (train.max_bad_steps = 2); in the last "
            "the loss is nan and the gradient's "
            "norm inf; the last good checkpoint is out/step-00000500; start anew in another "
            "train.out_dir with a lower "
            "train.learning_rate or train.dtype=float32");
  EXPECT_EQ(after(1, 0, {true}).failure(1.5, kNan, ""),
            "step 1: no finite loss and gradient (train.max_bad_steps = 1); in the last the loss "
            "is 1.500000 and the gradient's norm "
            "nan; there is no checkpoint yet; start anew in another train.out_dir with a lower "
            "train.learning_rate or "
            "train.dtype=float32");
  EXPECT_EQ(
      after(10, 8, {false, true, true}).failure(kNan, kNan, "out/step-00000009").substr(0, 71),
      "steps 10 to 11: no finite loss and gradient (and the run ends with them");
}

TEST(NonFiniteSteps, AStoppedRunNamesTheLastGoodCheckpoint) {
  EXPECT_EQ(after(10, 8, {true}).stopped("out/step-00000008"),
            "step 9 had no finite loss and gradient, so none is saved; the last good checkpoint is "
            "out/step-00000008");
}

}  // namespace
}  // namespace millrace::trainer
