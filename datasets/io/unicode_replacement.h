// Bytes that need not be UTF-8, made fit to be shown.
#pragma once

#include <string>
#include <string_view>

namespace millrace::datasets {

/// The bytes with U+FFFD in place of each longest start of a character that is not gone on with,
/// and of each other byte that is no UTF-8: Unicode 16.0, section 3.9, "Substitution of Maximal
/// Subparts"; what Python's errors="replace" does.
[[nodiscard]] std::string replace_invalid_utf8(std::string_view bytes);

}  // namespace millrace::datasets
