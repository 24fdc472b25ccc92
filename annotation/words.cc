// Splitting by a scanner: at each position the longest word that its first byte's class allows.
#include "annotation/words.h"

#include <array>
#include <string>

namespace millrace::annotation {
namespace {

constexpr std::string_view kCurlyApostrophe = "\xE2\x80\x99";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

/// Length in bytes of the general punctuation at `at` (U+2000 … U+203F: dashes, quotes, ellipsis,
/// wide spaces), or 0.
std::size_t punctuation_bytes(std::string_view text, std::size_t at) {
  return text.substr(at, 2) == "\xE2\x80" && at + 2 < text.size() ? 3 : 0;
}

bool is_letter(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (static_cast<unsigned char>(c) >= 0x80) return punctuation_bytes(text, at) == 0;
  return (lower(c) >= 'a' && lower(c) <= 'z') || is_digit(c) || c == '_';
}

/// Length in bytes of the apostrophe at `at`, straight or curly, or 0.
std::size_t apostrophe_bytes(std::string_view text, std::size_t at) {
  if (at < text.size() && text[at] == '\'') return 1;
  return text.substr(std::min(at, text.size()), kCurlyApostrophe.size()) == kCurlyApostrophe
             ? kCurlyApostrophe.size()
             : 0;
}

std::size_t end_of_letters(std::string_view text, std::size_t at) {
  while (at < text.size() && is_letter(text, at)) ++at;
  return at;
}

/// End of a number: digits and letters, and points or commas before a digit.
std::size_t end_of_number(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const bool joined =
        (text[at] == '.' || text[at] == ',') && at + 1 < text.size() && is_digit(text[at + 1]);
    if (!joined && !is_letter(text, at)) break;
    ++at;
  }
  return at;
}

bool is_ending(std::string_view letters) {
  constexpr std::array<std::string_view, 6> kEndings = {"s", "ll", "re", "ve", "d", "m"};
  for (const std::string_view ending : kEndings) {
    if (folded(letters) == ending) return true;
  }
  return false;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::vector<Word> scan() {
    for (std::size_t at = 0; at < text_.size();) {
      if (is_space(text_[at])) {
        ++at;
      } else if (is_letter(text_, at)) {
        at = take_letters(at);
      } else {
        at = take_punctuation(at);
      }
    }
    return std::move(words_);
  }

 private:
  std::size_t add(std::size_t begin, std::size_t end) {
    words_.push_back({static_cast<std::uint32_t>(begin),
                      static_cast<std::uint32_t>(end),
                      PartOfSpeech::kOther,
                      false,
                      {}});
    return end;
  }

  /// Adds a run of letters. "n't" and endings such as "'s" become separate words; other apostrophes
  /// inside a word remain ("o'clock"). Returns where the last word ends.
  std::size_t take_letters(std::size_t begin) {
    if (is_digit(text_[begin])) return add(begin, end_of_number(text_, begin));
    std::size_t end = end_of_letters(text_, begin);
    while (const std::size_t mark = apostrophe_bytes(text_, end)) {
      const std::size_t after = end_of_letters(text_, end + mark);
      const std::string_view letters = text_.substr(end + mark, after - end - mark);
      if (letters.empty()) break;
      if (folded(letters) == "t" && end - begin > 1 && lower(text_[end - 1]) == 'n') {
        add(begin, end - 1);
        return add(end - 1, after);
      }
      if (is_ending(letters)) {
        add(begin, end);
        return add(end, after);
      }
      end = after;
    }
    return add(begin, end);
  }

  std::size_t take_punctuation(std::size_t at) {
    const std::size_t wide = punctuation_bytes(text_, at);
    return add(at, at + (wide > 0 ? wide : 1));
  }

  std::string_view text_;
  std::vector<Word> words_;
};

}  // namespace

std::vector<Word> split_words(std::string_view document) { return Scanner(document).scan(); }

std::string folded(std::string_view word) {
  std::string text;
  for (std::size_t at = 0; at < word.size();) {
    if (word.substr(at, kCurlyApostrophe.size()) == kCurlyApostrophe) {
      text += '\'';
      at += kCurlyApostrophe.size();
    } else {
      text += lower(word[at++]);
    }
  }
  return text;
}

bool is_wordlike(std::string_view word) { return !word.empty() && is_letter(word, 0); }

}  // namespace millrace::annotation
