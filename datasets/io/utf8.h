// Texts in strict UTF-8 (base/utf8.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/utf8.h"

namespace millrace::datasets {

using base::decode_utf8;
using base::Decoded;
using base::kCodePoints;

/// The code point in UTF-8.
[[nodiscard]] std::string encode_utf8(char32_t code_point);

/// Offset of the first byte that is not part of valid UTF-8; text.size() where all is valid.
[[nodiscard]] std::size_t find_invalid_utf8(std::string_view text);
/// "not valid UTF-8 at byte offset N; …", which says what to do.
[[nodiscard]] std::string invalid_utf8_message(std::uint64_t offset);

/// Number of bytes at the end of `text` that are the start of an incomplete character: 0 to 3.
[[nodiscard]] std::size_t incomplete_utf8_bytes(std::string_view text);

}  // namespace millrace::datasets
