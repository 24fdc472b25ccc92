// The built-in text: English sentences about a mill, its river and its people, used if there is no
// other data. A grammar of our own generates them (providers/grammar/grammar.h), so a model's
// samples can be read, and its loss compared with an entropy that is known exactly.
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

/// The dataset's name in streams of this text.
inline constexpr const char* kEnglishName = "builtin-english";

/// Immutable, so any thread may use it.
[[nodiscard]] const Grammar& english();

/// The first `characters` characters of the text; the last line may be cut.
[[nodiscard]] std::string english_text(std::size_t characters);

}  // namespace millrace::providers
