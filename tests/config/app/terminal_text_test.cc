// What a terminal would obey is escaped, what it shows stays.
#include "config/app/terminal_text.h"

#include <gtest/gtest.h>

namespace millrace::config {
namespace {

TEST(ForTerminal, LeavesWhatIsShown) {
  for (const char* const text :
       {"", "a line", "tab\there", "Ζεῦς žluť 字 🎲", "\u00a0\u00ad\ufeff"}) {
    EXPECT_EQ(for_terminal(text), text);
  }
}

TEST(ForTerminal, EscapesControls) {
  EXPECT_EQ(for_terminal("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(for_terminal("a\r\nb\x7f"), "a\\x0d\\nb\\x7f");
  EXPECT_EQ(for_terminal(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(for_terminal("\u009b31m"), "\\u009b31m");  // CSI as one character
}

TEST(ForTerminal, EscapesChangesOfDirection) {
  EXPECT_EQ(for_terminal("gpj.\u202egnp"), "gpj.\\u202egnp");
  EXPECT_EQ(for_terminal("\u2066x\u2069\u200f\u061c\u2028"),
            "\\u2066x\\u2069\\u200f\\u061c\\u2028");
}

TEST(ForTerminal, EscapesBytesThatAreNoUtf8) {
  EXPECT_EQ(for_terminal("\x9b"
                         "31m"),
            "\\x9b31m");                                       // CSI as one byte
  EXPECT_EQ(for_terminal("\xc3"), "\\xc3");                    // cut short
  EXPECT_EQ(for_terminal("\xc0\x9b"), "\\xc0\\x9b");           // overlong
  EXPECT_EQ(for_terminal("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(for_terminal("\xf5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80");
  EXPECT_EQ(for_terminal("\xc3(ok"), "\\xc3(ok");
}

}  // namespace
}  // namespace millrace::config
