// Secrets of ranks.
#include "queue/ends/secret.h"

#include <gtest/gtest.h>

namespace millrace::queue {
namespace {

TEST(Secret, IsOf32BytesInHexAndNeverTheSame) {
  const std::string one = random_secret();
  EXPECT_EQ(one.size(), 64U);
  EXPECT_EQ(one.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(one, random_secret());
}

TEST(Secret, IsComparedAsAWhole) {
  EXPECT_TRUE(is_same_secret("abcd", "abcd"));
  for (const char* other : {"abce", "bbcd", "abc", "abcde", ""}) {
    EXPECT_FALSE(is_same_secret("abcd", other)) << other;
  }
  EXPECT_FALSE(is_same_secret("", ""));
}

}  // namespace
}  // namespace millrace::queue
