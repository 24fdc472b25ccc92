// Strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::datasets {

inline constexpr std::uint32_t kCodePoints = 0x110000;

/// A code point and its length in bytes.
struct Decoded {
  char32_t code_point = 0;
  std::uint32_t bytes = 0;
};

/// The code point that starts at text[at], at < text.size(); empty where the bytes there are not
/// UTF-8.
[[nodiscard]] std::optional<Decoded> decode_utf8(std::string_view text, std::size_t at);

/// The code point in UTF-8.
[[nodiscard]] std::string encode_utf8(char32_t code_point);

/// Offset of the first byte that is not part of valid UTF-8; text.size() where all is valid.
[[nodiscard]] std::size_t find_invalid_utf8(std::string_view text);
/// "not valid UTF-8 at byte offset N; …", which says what to do.
[[nodiscard]] std::string invalid_utf8_message(std::uint64_t offset);

/// Number of bytes at the end of `text` that are the start of an incomplete character: 0 to 3.
[[nodiscard]] std::size_t incomplete_utf8_bytes(std::string_view text);

}  // namespace millrace::datasets
