// The tokens of ASCII characters, 64 at once where the machine permutes bytes (AVX-512 VBMI).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace millrace::datasets {

inline constexpr std::size_t kAsciiCharacters = 128;

/// By character.
struct AsciiIds {
  std::array<bool, kAsciiCharacters> known{};
  std::array<std::uint8_t, kAsciiCharacters> narrow{};
  std::array<std::uint16_t, kAsciiCharacters> middle{};
  std::array<std::uint32_t, kAsciiCharacters> wide{};
};

/// out[i] is the token of bytes[i]; they are as many. False where a byte is no known ASCII
/// character.
[[nodiscard]] bool to_tokens(std::string_view bytes, const AsciiIds& ids,
                             std::span<std::uint8_t> out);
[[nodiscard]] bool to_tokens(std::string_view bytes, const AsciiIds& ids,
                             std::span<std::uint16_t> out);
[[nodiscard]] bool to_tokens(std::string_view bytes, const AsciiIds& ids,
                             std::span<std::uint32_t> out);

}  // namespace millrace::datasets
