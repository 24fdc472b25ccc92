// Replacement of invalid UTF-8 by U+FFFD.
#include "datasets/io/unicode_replacement.h"

#include <cstdint>
#include <optional>

#include "datasets/io/utf8.h"

namespace millrace::datasets {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

/// The bytes that may follow the first of several (Unicode, table 3-7): how many, and the bounds of
/// the second byte. The later ones are 0x80 to 0xBF.
struct Follow {
  std::size_t count;
  std::uint8_t least;
  std::uint8_t most;
};

Follow follow(std::uint8_t first) {
  if (first >= 0xC2 && first <= 0xDF) return {1, 0x80, 0xBF};
  if (first == 0xE0) return {2, 0xA0, 0xBF};
  if (first == 0xED) return {2, 0x80, 0x9F};
  if (first >= 0xE1 && first <= 0xEF) return {2, 0x80, 0xBF};
  if (first == 0xF0) return {3, 0x90, 0xBF};
  if (first >= 0xF1 && first <= 0xF3) return {3, 0x80, 0xBF};
  if (first == 0xF4) return {3, 0x80, 0x8F};
  return {0, 0, 0};
}

/// Length in bytes of the incomplete character at `at`; 1 where no character starts there.
std::size_t broken_length(std::string_view bytes, std::size_t at) {
  Follow next = follow(static_cast<std::uint8_t>(bytes[at]));
  std::size_t length = 1;
  while (length <= next.count && at + length < bytes.size()) {
    const auto byte = static_cast<std::uint8_t>(bytes[at + length]);
    if (byte < next.least || byte > next.most) break;
    next.least = 0x80;
    next.most = 0xBF;
    ++length;
  }
  return length;
}

}  // namespace

std::string replace_invalid_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const std::optional<Decoded> decoded = decode_utf8(bytes, at);
    const std::size_t length = decoded ? decoded->bytes : broken_length(bytes, at);
    text += decoded ? bytes.substr(at, length) : kReplacement;
    at += length;
  }
  return text;
}

}  // namespace millrace::datasets
