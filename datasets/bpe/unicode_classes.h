// What GPT-2's pre-tokenizer asks of a character: letter, number, space, or something else.
//
// The answer comes from a table of Unicode 16.0.0 that is committed (unicode_ranges.inc), and not
// from a library of the machine: a character that became a letter in a later Unicode would cut
// words, and so tokens, differently on two machines.
#pragma once

#include <cstdint>

namespace millrace::datasets {

enum class CharacterClass : std::uint8_t { kOther, kLetter, kNumber, kSpace };

/// Of \p{L}, \p{N} and \s (White_Space). What is no code point is kOther.
[[nodiscard]] CharacterClass class_of(char32_t code_point);

}  // namespace millrace::datasets
