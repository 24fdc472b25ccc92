// Text from files, peers and models, made fit for a terminal.
#pragma once

#include <string>
#include <string_view>

namespace millrace::config {

/// The text with everything escaped that a terminal would obey instead of show: control characters
/// (C0, DEL and C1, such as ESC as "\x1b"), characters that turn the direction of text ("\u202e"),
/// line and paragraph separators, and bytes that are no part of UTF-8. Everything else, tabs
/// included, stays. Source: ECMA-48 (controls), Unicode UAX #9 (directions).
[[nodiscard]] std::string for_terminal(std::string_view text);

}  // namespace millrace::config
