// The scores of words by each rule, and the word of each token.
#include "annotation/word_scores.h"

#include <gtest/gtest.h>

#include <string>

#include "annotation/tagger.h"

namespace millrace::annotation {
namespace {

Word word(std::uint32_t begin, std::uint32_t end, PartOfSpeech part, bool stop_word = false,
          std::optional<float> keyword = {}) {
  return {begin, end, part, stop_word, keyword};
}

TEST(WordScores, Labels) {
  using enum PartOfSpeech;
  // P P P, N, V, V (a stop word), A, R, other, P
  const std::string text = "0123456789";
  std::vector<Word> words;
  for (const PartOfSpeech part : {kProperNoun, kProperNoun, kProperNoun, kNoun, kVerb, kVerb,
                                  kAdjective, kAdverb, kOther, kProperNoun}) {
    const auto at = static_cast<std::uint32_t>(words.size());
    words.push_back(word(at, at + 1, part, at == 5));
  }
  EXPECT_EQ(word_scores(Selection::kConstituency, text, words),
            (std::vector<float>{2, 2, 1, 3, 4, 7, 5, 6, 7, 1}));
}

TEST(WordScores, Likenesses) {
  const std::string text = "mill the is . ; x";
  const std::vector<Word> words = {word(0, 4, PartOfSpeech::kOther, false, 0.75F),
                                   word(5, 8, PartOfSpeech::kOther, true, 0.F),
                                   word(9, 11, PartOfSpeech::kOther, true, 1.F),
                                   word(12, 13, PartOfSpeech::kOther),
                                   word(14, 15, PartOfSpeech::kOther),
                                   word(16, 17, PartOfSpeech::kOther)};
  const std::vector<float> scores = word_scores(Selection::kKeybertNoStopword, text, words);
  EXPECT_EQ(scores[0], 0.75F);
  EXPECT_EQ(scores[1], -1.1F);
  EXPECT_FLOAT_EQ(scores[2], -1.F);
  EXPECT_EQ(scores[3], 1.1F);
  EXPECT_EQ(scores[4], -1.2F);
  EXPECT_EQ(scores[5], -1.2F);
}

TEST(WordScores, SubWordTokensTakeTheirWordsScore) {
  const std::string text = "The miller's  wheel.";
  const std::vector<Word> words = split_words(text);  // The | miller | 's | wheel | .
  ASSERT_EQ(words.size(), 5u);
  const std::vector<float> scores = {1, 2, 3, 4, 5};
  // "The" " mill" "er" "'s" " " " whe" "el" "."
  const std::vector<std::uint32_t> ends = {3, 8, 10, 12, 13, 17, 19, 20};
  EXPECT_EQ(token_scores(text, words, scores, ends, 9),
            (std::vector<float>{1, 2, 2, 3, 9, 4, 4, 5}));
}

TEST(WordScores, ATokenOverSeveralWordsTakesTheFirst) {
  const std::string text = "end.\n\nNew";
  const std::vector<Word> words = split_words(text);
  EXPECT_EQ(token_scores(text, words, std::vector<float>{1, 2, 3},
                         std::vector<std::uint32_t>{4, 6, 9}, 9),
            (std::vector<float>{1, 9, 3}));
  EXPECT_TRUE(token_scores("", {}, {}, {}, 9).empty());
}

TEST(WordScores, PartsOfOneCharacterAreOneWord) {
  const std::string text = "水";  // three bytes, three tokens
  const std::vector<Word> words = split_words(text);
  EXPECT_EQ(
      token_scores(text, words, std::vector<float>{2}, std::vector<std::uint32_t>{1, 2, 3}, 9),
      (std::vector<float>{2, 2, 2}));
}

}  // namespace
}  // namespace millrace::annotation
