// Where characters begin, and texts cut between them.
#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string_view>
#include <utility>

namespace millrace::base {
namespace {

TEST(Utf8, ACutFallsBetweenCharacters) {
  const std::string_view text = "a\u00e9\u6c34";  // of 1, 2 and 3 bytes
  for (const auto& [most, kept] :
       {std::pair(0, 0), {1, 1}, {2, 1}, {3, 3}, {5, 3}, {6, 6}, {9, 6}}) {
    EXPECT_EQ(whole_characters(text, static_cast<std::size_t>(most)).size(),
              static_cast<std::size_t>(kept))
        << most;
  }
}

TEST(Utf8, AContinuationBeginsNoCharacter) {
  EXPECT_TRUE(is_continuation('\xa9'));
  EXPECT_FALSE(is_continuation('\xc3'));
  EXPECT_FALSE(is_continuation('a'));
}

}  // namespace
}  // namespace millrace::base
