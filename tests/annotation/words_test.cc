// Words and their bounds, by hand.
#include "annotation/words.h"

#include <gtest/gtest.h>

#include <string>

#include "base/text.h"

namespace millrace::annotation {
namespace {

std::string bars(std::string_view text) {
  return base::joined(split_words(text), "|",
                      [text](const Word& word) { return text_of(text, word); });
}

TEST(Words, LettersDigitsAndPunctuation) {
  EXPECT_EQ(bars("The mill, built in 1848, stands."), "The|mill|,|built|in|1848|,|stands|.");
  EXPECT_EQ(bars("  two\n\n lines\t"), "two|lines");
  EXPECT_EQ(bars("3.14 and 1,000."), "3.14|and|1,000|.");
  EXPECT_EQ(bars("well-known (so)"), "well|-|known|(|so|)");
  EXPECT_EQ(bars(""), "");
}

TEST(Words, ContractionsAreTwo) {
  EXPECT_EQ(bars("I don't; we'll"), "I|do|n't|;|we|'ll");
  EXPECT_EQ(bars("the mill's wheel"), "the|mill|'s|wheel");
  EXPECT_EQ(bars("the millers' wheel"), "the|millers|'|wheel");
  EXPECT_EQ(bars("five o'clock"), "five|o'clock");
  EXPECT_EQ(bars("it\xE2\x80\x99s"), "it|\xE2\x80\x99s");
  EXPECT_EQ(bars("a 't"), "a|'|t");
}

TEST(Words, OtherScriptsAreLettersAndDashesAreNot) {
  EXPECT_EQ(bars("Mühle\xE2\x80\x94"
                 "Bach"),
            "Mühle|\xE2\x80\x94|Bach");
  EXPECT_EQ(bars("水车 ok"), "水车|ok");
  EXPECT_EQ(bars("\xE2\x80"), "\xE2\x80");  // an incomplete character is still a word
}

TEST(Words, BoundsAreBytes) {
  const std::string text = "a Mühle.";
  const std::vector<Word> words = split_words(text);
  ASSERT_EQ(words.size(), 3u);
  EXPECT_EQ(words[1].begin, 2u);
  EXPECT_EQ(words[1].end, 8u);
  EXPECT_FALSE(words[1].keyword.has_value());
}

TEST(Words, Folding) {
  EXPECT_EQ(folded("N\xE2\x80\x99T"), "n't");
  EXPECT_TRUE(is_wordlike("7th"));
  EXPECT_FALSE(is_wordlike(";"));
}

}  // namespace
}  // namespace millrace::annotation
