// Lists, counted nouns and numbers as text.
#include "base/text.h"

#include <gtest/gtest.h>

#include <array>
#include <ranges>
#include <vector>

namespace millrace::base {
namespace {

TEST(Joined, PutsTheSeparatorBetweenItems) {
  EXPECT_EQ(joined(std::vector<std::string>{}), "");
  EXPECT_EQ(joined(std::array{"a"}), "a");
  EXPECT_EQ(joined(std::array{"a", "", "c"}), "a, , c");
  EXPECT_EQ(joined(std::vector<std::uint32_t>{1, 22}, "+"), "1+22");
  EXPECT_EQ(joined(std::array{1, 2, 3} | std::views::take(2), " "), "1 2");
}

TEST(Joined, SpellsItemsByAMemberOrAFunction) {
  struct Named {
    std::string name;
    int number;
  };
  const std::array items{Named{"a", 1}, Named{"b", 2}};
  EXPECT_EQ(joined(items, ", ", &Named::name), "a, b");
  EXPECT_EQ(joined(items, ", ", &Named::number), "1, 2");
  EXPECT_EQ(joined(items, "; ", [](const Named& one) { return "'" + one.name + "'"; }), "'a'; 'b'");
}

TEST(Alternatives, EndWithOr) {
  EXPECT_EQ(alternatives(std::vector<std::string>{}), "");
  EXPECT_EQ(alternatives(std::array{"a"}), "a");
  EXPECT_EQ(alternatives(std::array{"a", "b"}), "a or b");
  EXPECT_EQ(alternatives(std::array{1, 2, 3}, [](int one) { return one * 10; }), "10, 20 or 30");
}

TEST(Counted, IsPluralButForOne) {
  EXPECT_EQ(counted(0, "token"), "0 tokens");
  EXPECT_EQ(counted(1, "token"), "1 token");
  EXPECT_EQ(counted(2, "token"), "2 tokens");
}

TEST(ParseNumber, TakesTheWholeTextOrNothing) {
  EXPECT_EQ(parse_number<std::uint64_t>("18446744073709551615"), 18446744073709551615U);
  EXPECT_EQ(parse_number<int>("-7"), -7);
  EXPECT_EQ(parse_number<double>("0.5"), 0.5);
  for (const char* const text : {"", " 1", "1 ", "1x", "x", "-1", "+1", "1.0", "256", "0x1"}) {
    EXPECT_EQ(parse_number<std::uint8_t>(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace millrace::base
