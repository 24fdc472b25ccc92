// Classes of characters, as GPT-2's pre-tokenizer tells them apart: letters, numbers, white space,
// and others.
//
// They come from a committed table of Unicode 16.0.0 (unicode_ranges.inc) rather than from a
// library: libraries of different Unicode versions would split words, and so tokens, differently.
#pragma once

#include <cstdint>

namespace millrace::datasets {

enum class CharacterClass : std::uint8_t { kOther, kLetter, kNumber, kSpace };

/// The class of a code point: \p{L}, \p{N}, \s (White_Space). kOther for numbers that are no code
/// points.
[[nodiscard]] CharacterClass class_of(char32_t code_point);

}  // namespace millrace::datasets
