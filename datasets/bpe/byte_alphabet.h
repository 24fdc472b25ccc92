// How byte-level BPE writes bytes in its files: each as one printable character, so that tokens are
// texts. Source: bytes_to_unicode of GPT-2's published encoder. The bytes 33–126, 161–172 and
// 174–255 stand for their own code points; the other 68, in order, for U+0100 and on: the space
// (32) is U+0120, "Ġ".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::datasets {

/// The bytes in the order of the alphabet: those that stand for themselves, then the others.
/// GPT-2's ids 0–255.
[[nodiscard]] const std::array<std::uint8_t, 256>& byte_alphabet();

/// Bytes as printable characters, in UTF-8.
[[nodiscard]] std::string spell_bytes(std::string_view bytes);

/// The bytes that a spelling stands for; empty where it has a character outside the alphabet or is
/// not UTF-8.
[[nodiscard]] std::optional<std::string> bytes_of_spelling(std::string_view spelling);

}  // namespace millrace::datasets
