// Documents as words, which scorers tag or score. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace millrace::annotation {

/// The parts of speech that the selection rule `constituency` distinguishes. Auxiliaries, and all
/// closed classes, are kOther.
enum class PartOfSpeech : std::uint8_t { kProperNoun, kNoun, kVerb, kAdjective, kAdverb, kOther };

/// A word: bytes [begin, end) of a document. Words ascend and do not overlap; white space belongs
/// to no word.
struct Word {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  PartOfSpeech part = PartOfSpeech::kOther;
  bool stop_word = false;
  std::optional<float> keyword;  ///< similarity to the document, within [-1, 1]; empty: not scored
};

/// The words of a document, without tags or scores: runs of letters and digits, numbers with their
/// points and commas, parts of contractions ("do" "n't", "mill" "'s"), and each other character
/// that is not white space. Bytes above ASCII count as letters, except general punctuation (U+2000
/// … U+203F).
[[nodiscard]] std::vector<Word> split_words(std::string_view document);

/// The text of a word.
[[nodiscard]] inline std::string_view text_of(std::string_view document, const Word& word) {
  return document.substr(word.begin, word.end - word.begin);
}

/// The word as lexicons spell it: ASCII letters in lower case, U+2019 as an apostrophe.
[[nodiscard]] std::string folded(std::string_view word);

/// Whether a word starts with a letter or a digit; else it is punctuation.
[[nodiscard]] bool is_wordlike(std::string_view word);

/// ASCII white space and ASCII digits.
[[nodiscard]] constexpr bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
[[nodiscard]] constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace millrace::annotation
