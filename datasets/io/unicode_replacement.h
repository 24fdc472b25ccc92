// Makes any bytes valid UTF-8 for display, with U+FFFD for invalid parts.
#pragma once

#include <string>
#include <string_view>

namespace millrace::datasets {

/// The bytes with U+FFFD in place of each invalid part: an incomplete character (its longest valid
/// start counts as one part), or a byte that starts none. Unicode 16.0, section 3.9, "Substitution
/// of Maximal Subparts"; the same as Python's errors="replace".
[[nodiscard]] std::string replace_invalid_utf8(std::string_view bytes);

}  // namespace millrace::datasets
