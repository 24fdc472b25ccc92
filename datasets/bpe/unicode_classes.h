// Classes and general categories of characters, as tokenizers tell them apart.
//
// They come from committed tables (unicode_categories.inc, unicode_newer.inc) rather than from a
// library: libraries of different Unicode versions would split words, and so tokens, differently.
#pragma once

#include <cstdint>
#include <span>

namespace millrace::datasets {

/// What GPT-2's pre-tokenizer tells apart: letters, numbers, white space, and others.
enum class CharacterClass : std::uint8_t { kOther, kLetter, kNumber, kSpace };

/// The class of a code point: \p{L}, \p{N}, \s (White_Space), of Unicode 16.0.0. kOther for numbers
/// that are no code points.
[[nodiscard]] CharacterClass class_of(char32_t code_point);

/// The general categories of the Unicode Standard, chapter 4.5; kCn: unassigned.
enum class GeneralCategory : std::uint8_t {
  kLu,
  kLl,
  kLt,
  kLm,
  kLo,
  kMn,
  kMc,
  kMe,
  kNd,
  kNl,
  kNo,
  kPc,
  kPd,
  kPs,
  kPe,
  kPi,
  kPf,
  kPo,
  kSm,
  kSc,
  kSk,
  kSo,
  kZs,
  kZl,
  kZp,
  kCc,
  kCf,
  kCs,
  kCo,
  kCn
};

/// A run of code points of one category; it ends before the next run.
struct CategoryRun {
  std::uint32_t first;
  GeneralCategory what;
};

/// All code points in order, with their categories in Unicode 16.0.0.
[[nodiscard]] std::span<const CategoryRun> category_runs();

/// Whether Unicode 9.0 has the code point, which must be one.
[[nodiscard]] bool is_in_unicode_9(char32_t code_point);

}  // namespace millrace::datasets
