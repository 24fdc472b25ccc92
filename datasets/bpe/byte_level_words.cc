// GPT-2's pattern without a regular expression: each of its branches is a run of one class.
#include "datasets/bpe/byte_level_words.h"

#include <algorithm>
#include <array>
#include <string>

#include "datasets/bpe/unicode_classes.h"
#include "datasets/io/utf8.h"

namespace millrace::datasets {
namespace {

constexpr std::array<std::string_view, 7> kContractions = {"'s", "'t",  "'re", "'ve",
                                                           "'m", "'ll", "'d"};

struct Character {
  CharacterClass what;
  std::size_t bytes;
};

Character character_at(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) return {class_of(byte), 1};
  const std::optional<Decoded> decoded = decode_utf8(text, at);
  if (!decoded) return {CharacterClass::kOther, 1};
  return {class_of(decoded->code_point), decoded->bytes};
}

/// A run of one class: its end, and the start of its last character.
struct Run {
  std::size_t end;
  std::size_t last;
};

Run run_of(std::string_view text, std::size_t at, CharacterClass what) {
  Run run{at, at};
  while (run.end < text.size()) {
    const Character next = character_at(text, run.end);
    if (next.what != what) break;
    run.last = run.end;
    run.end += next.bytes;
  }
  return run;
}

std::size_t contraction_length(std::string_view rest) {
  if (rest.front() != '\'') return 0;
  const auto found = std::ranges::find_if(
      kContractions, [rest](std::string_view each) { return rest.starts_with(each); });
  return found == kContractions.end() ? 0 : found->size();
}

/// `\s+(?!\S)|\s+`
std::size_t space_end(std::string_view text, std::size_t at) {
  const Run run = run_of(text, at, CharacterClass::kSpace);
  const bool leaves_one = run.end < text.size() && run.last > at;
  return leaves_one ? run.last : run.end;
}

}  // namespace

std::size_t word_end(std::string_view text, std::size_t at) {
  if (const std::size_t length = contraction_length(text.substr(at)); length > 0) {
    return at + length;
  }
  const std::size_t start = text[at] == ' ' ? at + 1 : at;
  if (start == text.size()) return start;
  const CharacterClass what = character_at(text, start).what;
  return what == CharacterClass::kSpace ? space_end(text, at) : run_of(text, start, what).end;
}

std::size_t first_word_end_behind_space(std::string_view text) {
  // The word depends on the first run, and on whether anything follows it.
  const std::size_t run = run_of(text, 0, character_at(text, 0).what).end;
  const std::size_t known = run == text.size() ? run : run + character_at(text, run).bytes;
  return word_end(' ' + std::string(text.substr(0, known)), 0);
}

}  // namespace millrace::datasets
