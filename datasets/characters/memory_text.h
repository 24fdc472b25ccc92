// A text in memory as the ids of its characters, for the built-in text and for tests.
//
// A character is a Unicode code point. Immutable, so any thread may use one.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "datasets/token_text.h"

namespace millrace::datasets {

/// A UTF-8 text. Its vocabulary is its characters in the order of code points; it is cut by
/// cut_anywhere() (index/splits.h), and a line across a cut counts in the split where it begins.
/// Throws std::runtime_error naming `place` for a text that is empty, or not UTF-8 (with the byte's
/// offset).
[[nodiscard]] std::shared_ptr<const TokenText> make_memory_text(std::string_view text,
                                                                const std::string& place,
                                                                Shares shares);

}  // namespace millrace::datasets
