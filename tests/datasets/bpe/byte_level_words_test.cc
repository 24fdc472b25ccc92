// The pattern's words, branch by branch.
#include "datasets/bpe/byte_level_words.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace millrace::datasets {
namespace {

using Words = std::vector<std::string>;

Words words_of(std::string_view text) {
  Words words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = word_end(text, at);
    words.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

TEST(ByteLevelWords, AWordTakesOneSpaceBeforeIt) {
  EXPECT_EQ(words_of("The mill, 42 wheels"), (Words{"The", " mill", ",", " 42", " wheels"}));
  EXPECT_EQ(words_of("abc123!?"), (Words{"abc", "123", "!?"}));
}

TEST(ByteLevelWords, ContractionsEndWords) {
  EXPECT_EQ(words_of("it's we're I'll you'd"),
            (Words{"it", "'s", " we", "'re", " I", "'ll", " you", "'d"}));
  EXPECT_EQ(words_of("'s't've'm"), (Words{"'s", "'t", "'ve", "'m"}));
  EXPECT_EQ(words_of("IT'S"), (Words{"IT", "'", "S"}));  // capitals make no contraction
  EXPECT_EQ(words_of("o'clock"), (Words{"o", "'", "clock"}));
  // A space belongs to what follows, if it can.
  EXPECT_EQ(words_of("x 's"), (Words{"x", " '", "s"}));
  EXPECT_EQ(words_of("''s"), (Words{"''", "s"}));
  EXPECT_EQ(words_of("'store"), (Words{"'s", "tore"}));
  EXPECT_EQ(words_of("'r"), (Words{"'", "r"}));
}

TEST(ByteLevelWords, ARunOfSpacesLeavesItsLastOne) {
  EXPECT_EQ(words_of("a   b"), (Words{"a", "  ", " b"}));
  EXPECT_EQ(words_of("a\n\nb"), (Words{"a", "\n", "\n", "b"}));
  EXPECT_EQ(words_of("a\n b"), (Words{"a", "\n", " b"}));
  EXPECT_EQ(words_of("a \nb"), (Words{"a", " ", "\n", "b"}));
  EXPECT_EQ(words_of("a\nb"), (Words{"a", "\n", "b"}));
  EXPECT_EQ(words_of("a  "), (Words{"a", "  "}));  // but not at the end
  EXPECT_EQ(words_of("a "), (Words{"a", " "}));
  EXPECT_EQ(words_of("  "), (Words{"  "}));
}

TEST(ByteLevelWords, OddSpacesAreSpacesAndDoNotJoinWords) {
  EXPECT_EQ(words_of("a\u00a0b"), (Words{"a", "\u00a0", "b"}));
  EXPECT_EQ(words_of("a\u3000\u2003b"), (Words{"a", "\u3000", "\u2003", "b"}));
  EXPECT_EQ(words_of("a\u200bb"), (Words{"a", "\u200b", "b"}));
}

TEST(ByteLevelWords, OtherScripts) {
  EXPECT_EQ(words_of("水車 ٤٢ e\u0301x"), (Words{"水車", " ٤٢", " e", "\u0301", "x"}));
  EXPECT_EQ(words_of("x²Ⅳ 😀"), (Words{"x", "²Ⅳ", " 😀"}));
}

// The first word of ' ' + text, whatever follows it.
TEST(ByteLevelWords, BehindASpaceThatIsNotThere) {
  for (const std::string text : {"a", "ab c", "'s", "'", "\n", "\na", "\n\na", "\n\n", "1a",
                                 "é\u0301", "\u00a0", "\u3000x", "!'s a"}) {
    EXPECT_EQ(first_word_end_behind_space(text), word_end(' ' + text, 0)) << text;
  }
}

}  // namespace
}  // namespace millrace::datasets
