// Strict UTF-8 (RFC 3629), a character at a time: no overlong forms, no surrogates, nothing above
// U+10FFFF. And where characters begin.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace::base {

inline constexpr std::uint32_t kCodePoints = 0x110000;

/// Whether a byte of UTF-8 goes on with a character that an earlier one began.
[[nodiscard]] constexpr bool is_continuation(char byte) {
  return (static_cast<std::uint8_t>(byte) & 0xC0) == 0x80;
}

/// A code point and its length in bytes.
struct Decoded {
  char32_t code_point = 0;
  std::uint32_t bytes = 0;
};

/// The code point that starts at text[at], at < text.size(); empty where the bytes there are not
/// UTF-8.
[[nodiscard]] inline std::optional<Decoded> decode_utf8(std::string_view text, std::size_t at) {
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};  // that needs so many bytes
  const auto byte = [text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(at);
  if (lead < 0x80) return Decoded{lead, 1};
  if (lead < 0xC0 || lead >= 0xF8) return std::nullopt;
  const std::uint32_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (text.size() - at < bytes) return std::nullopt;
  char32_t code_point = lead & (0x7FU >> bytes);
  for (std::size_t i = at + 1; i < at + bytes; ++i) {
    if (!is_continuation(text[i])) return std::nullopt;
    code_point = code_point << 6 | (byte(i) & 0x3F);
  }
  const bool is_surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < kLeast[bytes] || code_point >= kCodePoints || is_surrogate) return std::nullopt;
  return Decoded{code_point, bytes};
}

/// The longest beginning of a text that has at most `most` bytes and ends between two characters.
[[nodiscard]] constexpr std::string_view whole_characters(std::string_view text, std::size_t most) {
  std::size_t end = std::min(text.size(), most);
  while (end > 0 && end < text.size() && is_continuation(text[end])) --end;
  return text.substr(0, end);
}

}  // namespace millrace::base
