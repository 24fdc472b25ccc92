// Lookup of a code point: in a table for ASCII, in one that is made at the first use for the
// others.
#include "datasets/bpe/unicode_classes.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

#include "datasets/io/utf8.h"

namespace millrace::datasets {
namespace {

using enum GeneralCategory;

constexpr CategoryRun kCategories[] = {
#include "datasets/bpe/unicode_categories.inc"
};

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

constexpr Range kNewer[] = {
#include "datasets/bpe/unicode_newer.inc"
};

constexpr std::uint32_t kAsciiCount = 0x80;
constexpr std::uint32_t kNextLine = 0x85;

constexpr CharacterClass ascii_class(std::uint32_t c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return CharacterClass::kLetter;
  if (c >= '0' && c <= '9') return CharacterClass::kNumber;
  if (c == ' ' || (c >= '\t' && c <= '\r')) return CharacterClass::kSpace;
  return CharacterClass::kOther;
}

constexpr std::array<CharacterClass, kAsciiCount> kAscii = [] {
  std::array<CharacterClass, kAsciiCount> classes{};
  for (std::uint32_t c = 0; c < kAsciiCount; ++c) classes[c] = ascii_class(c);
  return classes;
}();

CharacterClass class_of_category(GeneralCategory what) {
  switch (what) {
    case kLu:
    case kLl:
    case kLt:
    case kLm:
    case kLo: return CharacterClass::kLetter;
    case kNd:
    case kNl:
    case kNo: return CharacterClass::kNumber;
    case kZs:
    case kZl:
    case kZp: return CharacterClass::kSpace;
    default: return CharacterClass::kOther;
  }
}

std::vector<CharacterClass> all_classes() {
  std::vector<CharacterClass> classes(kCodePoints);
  for (std::size_t i = 0; i < std::size(kCategories); ++i) {
    const std::uint32_t end =
        i + 1 < std::size(kCategories) ? kCategories[i + 1].first : kCodePoints;
    std::fill(classes.begin() + kCategories[i].first, classes.begin() + end,
              class_of_category(kCategories[i].what));
  }
  classes[kNextLine] = CharacterClass::kSpace;  // White_Space, among the controls
  return classes;
}

std::vector<bool> all_in_unicode_9() {
  std::vector<bool> known(kCodePoints, true);
  const auto remove = [&known](std::uint32_t first, std::uint32_t end) {
    std::fill(known.begin() + first, known.begin() + end, false);
  };
  for (const Range& newer : kNewer) remove(newer.first, newer.last + 1);
  for (std::size_t i = 0; i < std::size(kCategories); ++i) {
    if (kCategories[i].what != kCn) continue;
    remove(kCategories[i].first,
           i + 1 < std::size(kCategories) ? kCategories[i + 1].first : kCodePoints);
  }
  return known;
}

}  // namespace

CharacterClass class_of(char32_t code_point) {
  if (code_point < kAsciiCount) return kAscii[code_point];
  static const std::vector<CharacterClass> classes = all_classes();
  return code_point < classes.size() ? classes[code_point] : CharacterClass::kOther;
}

std::span<const CategoryRun> category_runs() { return kCategories; }

bool is_in_unicode_9(char32_t code_point) {
  static const std::vector<bool> known = all_in_unicode_9();
  return known[code_point];
}

}  // namespace millrace::datasets
