// The spelling of bytes in files of byte-level BPE: each as one printable character. Source:
// bytes_to_unicode of GPT-2's published encoder. The bytes 33–126, 161–172 and 174–255 are their
// own code points; the other 68 are U+0100 and the following, in order: the space (32) is U+0120,
// "Ġ".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::datasets {

/// The bytes in the order of the alphabet, that of GPT-2's ids 0–255: those that are their own code
/// points, then the others.
[[nodiscard]] const std::array<std::uint8_t, 256>& byte_alphabet();

/// The bytes spelled as printable characters, in UTF-8.
[[nodiscard]] std::string spell_bytes(std::string_view bytes);

/// The bytes of a spelling; empty where it has a character outside the alphabet or is not UTF-8.
[[nodiscard]] std::optional<std::string> bytes_of_spelling(std::string_view spelling);

}  // namespace millrace::datasets
