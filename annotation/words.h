// A document as words: what scorers look at and what gets a score. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace millrace::annotation {

/// What the selection rule `constituency` tells apart. Auxiliaries are kOther, as all closed
/// classes are.
enum class PartOfSpeech : std::uint8_t { kProperNoun, kNoun, kVerb, kAdjective, kAdverb, kOther };

/// Bytes [begin, end) of a document. Words ascend and do not overlap; white space between them
/// belongs to none.
struct Word {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  PartOfSpeech part = PartOfSpeech::kOther;
  bool stop_word = false;
  std::optional<float> keyword;  ///< likeness to the document, within [-1, 1]; empty: not scored
};

/// The words of a document, unscored: runs of letters and digits, numbers with their points and
/// commas, parts of contractions ("do" "n't", "mill" "'s"), and every other character that is no
/// white space by itself. Bytes above ASCII count as letters, save for general punctuation (U+2010
/// … U+203A).
[[nodiscard]] std::vector<Word> split_words(std::string_view document);

/// The word's bytes.
[[nodiscard]] inline std::string_view text_of(std::string_view document, const Word& word) {
  return document.substr(word.begin, word.end - word.begin);
}

/// ASCII letters in lower case, and U+2019 as an apostrophe: how lexicons spell.
[[nodiscard]] std::string folded(std::string_view word);

/// Whether a word starts with a letter or a digit; else it is punctuation.
[[nodiscard]] bool is_wordlike(std::string_view word);

}  // namespace millrace::annotation
