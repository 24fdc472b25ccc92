// What a progress line shows on a narrow terminal.
#include "config/app/progress.h"

#include <gtest/gtest.h>

namespace millrace::config {
namespace {

TEST(FirstColumns, CutsBetweenCharacters) {
  EXPECT_EQ(first_columns("12 samples", 20), "12 samples");
  EXPECT_EQ(first_columns("12 samples", 10), "12 samples");
  EXPECT_EQ(first_columns("12 samples", 4), "12 s");
  EXPECT_EQ(first_columns("zwölf Mühlen", 5), "zwölf");
  EXPECT_EQ(first_columns("zwölf Mühlen", 3), "zwö");
  EXPECT_EQ(first_columns("ö", 0), "");
}

}  // namespace
}  // namespace millrace::config
