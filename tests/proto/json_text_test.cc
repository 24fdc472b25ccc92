// JSON that nests without end, which would overflow the stack of whoever writes or copies the
// value.
#include "proto/json_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace millrace::proto {
namespace {

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(JsonText, ReadsWhatNestsAsDeepAsAllowed) {
  EXPECT_EQ(json_text(read_json(nested(kDeepestJson))), nested(kDeepestJson));
  EXPECT_EQ(json_text(read_ordered_json(nested(kDeepestJson))), nested(kDeepestJson));
  EXPECT_FALSE(try_read_json(nested(kDeepestJson)).is_discarded());
}

TEST(JsonText, WhatNestsDeeperIsRefused) {
  constexpr std::size_t kDepth = 1'000'000;
  for (const std::string& text :
       {nested(kDeepestJson + 1), nested(kDepth), std::string(kDepth, '['),
        R"({"a":"[","b":)" + nested(kDeepestJson) + "}"}) {
    EXPECT_THROW((void)read_json(text), nlohmann::json::parse_error);
    EXPECT_THROW((void)read_ordered_json(text), nlohmann::json::parse_error);
    EXPECT_TRUE(try_read_json(text).is_discarded());
  }
}

TEST(JsonText, BracketsInStringsDoNotNest) {
  const std::string brackets = R"(["\"[[", "\\", ")" + std::string(kDeepestJson + 1, '{') + "\"]";
  EXPECT_FALSE(is_deep_json(brackets));
  EXPECT_EQ(read_json(brackets).size(), 3U);
}

TEST(JsonText, OnlyWhatIsOpenCounts) {
  std::string wide = "[";
  for (std::size_t i = 0; i < 10 * kDeepestJson; ++i) wide += "[],";
  EXPECT_FALSE(is_deep_json(wide + "0]"));
}

}  // namespace
}  // namespace millrace::proto
