// Strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::datasets {

inline constexpr std::uint32_t kCodePoints = 0x110000;

/// A code point and how many bytes it took.
struct Decoded {
  char32_t code_point = 0;
  std::uint32_t bytes = 0;
};

/// The code point that starts at text[at], at < text.size(); empty where the bytes there are not
/// UTF-8.
[[nodiscard]] std::optional<Decoded> decode_utf8(std::string_view text, std::size_t at);

[[nodiscard]] std::string encode_utf8(char32_t code_point);

}  // namespace millrace::datasets
