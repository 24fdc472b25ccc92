// The built-in text: English sentences about a mill, its river and its people, for where there is
// no other data. They come from a grammar of our own (providers/grammar/grammar.h), so that what a
// model fills in can be read, and its loss compared with an entropy that is known exactly.
//
// A line is one or two sentences and does not depend on other lines; none is longer than 200
// characters. Its entropy rate is 0.2307 nats a character; docs/reference/datasets.md has that of
// windows. Line i is chosen by the words of the purpose "text" of Philox index i under a key of our
// own: the same text on every machine, whatever the data seed.
#pragma once

#include <string>
#include <string_view>

#include "providers/grammar/grammar.h"

namespace millrace::providers {

/// What a stream of the text calls its dataset.
inline constexpr const char* kEnglishName = "builtin-english";

/// Immutable, so any thread may use it.
[[nodiscard]] const Grammar& english();

/// The first `characters` characters of the text; the last line may be cut.
[[nodiscard]] std::string english_text(std::size_t characters);

}  // namespace millrace::providers
