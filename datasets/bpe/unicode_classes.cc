// The class of a code point: by a table for ASCII, by binary search for the others.
#include "datasets/bpe/unicode_classes.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace millrace::datasets {
namespace {

using enum CharacterClass;

struct Range {
  std::uint32_t first;
  std::uint32_t last;
  CharacterClass what;
};

constexpr Range kRanges[] = {
#include "datasets/bpe/unicode_ranges.inc"
};

constexpr std::uint32_t kAsciiCount = 0x80;

constexpr CharacterClass ascii_class(std::uint32_t c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return kLetter;
  if (c >= '0' && c <= '9') return kNumber;
  if (c == ' ' || (c >= '\t' && c <= '\r')) return kSpace;
  return kOther;
}

constexpr std::array<CharacterClass, kAsciiCount> kAscii = [] {
  std::array<CharacterClass, kAsciiCount> classes{};
  for (std::uint32_t c = 0; c < kAsciiCount; ++c) classes[c] = ascii_class(c);
  return classes;
}();

}  // namespace

CharacterClass class_of(char32_t code_point) {
  if (code_point < kAsciiCount) return kAscii[code_point];
  const Range* const behind =
      std::ranges::upper_bound(kRanges, static_cast<std::uint32_t>(code_point), {}, &Range::first);
  if (behind == std::begin(kRanges)) return kOther;
  const Range& range = *std::prev(behind);
  return code_point <= range.last ? range.what : kOther;
}

}  // namespace millrace::datasets
