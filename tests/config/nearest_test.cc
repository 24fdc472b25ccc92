// Distances and hints.
#include <gtest/gtest.h>

#include "config/nearest.h"

namespace millrace::config {
namespace {

TEST(EditDistance, CountsInsertionsRemovalsReplacementsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("batch", "abtch"), 1u);
  EXPECT_EQ(edit_distance("ca", "abc"), 3u);  // a swapped pair is not edited again
}

TEST(Nearest, PicksTheFirstOfTheNearest) {
  const std::vector<std::string> names = {"stages", "stage_1", "seed"};
  EXPECT_EQ(nearest("stage", names), "stages");
  EXPECT_EQ(nearest("sede", names), "seed");
}

TEST(Nearest, OffersNothingThatIsFarAway) {
  const std::vector<std::string> names = {"batch_size", "learning_rate"};
  EXPECT_EQ(nearest("zzz", names), "");
  const std::vector<std::string> flags{"suffix", "samples", "split"};
  EXPECT_EQ(nearest("prefix", flags), "");
  EXPECT_EQ(nearest("sampels", flags), "samples");
  EXPECT_EQ(nearest("uffix", flags), "suffix");
  EXPECT_EQ(did_you_mean("zzz", names), "");
  EXPECT_EQ(did_you_mean("batchsize", names), "; did you mean 'batch_size'?");
}

}  // namespace
}  // namespace millrace::config
