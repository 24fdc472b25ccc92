// A text that lies in memory whole, as characters: the built-in text, and small texts of tests.
//
// A character is a Unicode code point. Immutable, so any thread may use one.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "datasets/shares.h"
#include "datasets/token_text.h"

namespace millrace::datasets {

/// A UTF-8 text as its distinct characters, in the order of their code points. Shares are counted
/// in 1e-9: train is the first floor(n · (1 − val − test)) of the n characters, test the last, from
/// floor(n · (1 − test)) on. A line that lies across a cut begins in the first of its splits alone.
/// Throws std::runtime_error naming `place` for a text that is empty, or not UTF-8 (with the byte's
/// offset).
[[nodiscard]] std::shared_ptr<const TokenText> make_memory_text(std::string_view text,
                                                                const std::string& place,
                                                                Shares shares);

}  // namespace millrace::datasets
