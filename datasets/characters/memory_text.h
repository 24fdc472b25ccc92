// A TokenText over a text in memory: the ids of its characters (Unicode code points). For the
// built-in text and for tests.
//
// Immutable, so any thread may use one.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "datasets/token_text.h"

namespace millrace::datasets {

/// Makes it of a UTF-8 text. The vocabulary is the text's characters in the order of code points.
/// The text is cut by cut_anywhere() (index/splits.h); a line across a cut counts in the split
/// where it begins. Throws std::runtime_error, which names `place`, for a text that is empty or not
/// UTF-8 (with the offset of the byte).
[[nodiscard]] std::shared_ptr<const TokenText> make_memory_text(std::string_view text,
                                                                const std::string& place,
                                                                Shares shares);

}  // namespace millrace::datasets
