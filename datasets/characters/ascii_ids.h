// Maps ASCII characters to tokens by table lookup: 64 at a time on CPUs with byte permutation
// (AVX-512 VBMI).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace millrace::datasets {

inline constexpr std::size_t kAsciiCharacters = 128;

/// The token of each ASCII character, in three widths.
struct AsciiIds {
  std::array<bool, kAsciiCharacters> known{};  ///< whether the character has a token
  std::array<std::uint8_t, kAsciiCharacters> narrow{};
  std::array<std::uint16_t, kAsciiCharacters> middle{};
  std::array<std::uint32_t, kAsciiCharacters> wide{};
};

/// Sets out[i] to the token of bytes[i]; both have the same size. Returns false if a byte is not a
/// known ASCII character.
[[nodiscard]] bool to_tokens(std::string_view bytes, const AsciiIds& ids,
                             std::span<std::uint8_t> out);
[[nodiscard]] bool to_tokens(std::string_view bytes, const AsciiIds& ids,
                             std::span<std::uint16_t> out);
[[nodiscard]] bool to_tokens(std::string_view bytes, const AsciiIds& ids,
                             std::span<std::uint32_t> out);

}  // namespace millrace::datasets
