// The syntax of the regular expressions by which tokenizers split texts: those of the Python
// package `tokenizers`, which are Oniguruma's in Ruby's syntax.
//
// A pattern is taken apart into syntax on which engines agree (groups, alternatives, repetitions,
// lookahead) and into sets of code points, each of which matches one character. All that depends on
// Unicode, or in which engines differ (classes within classes, letters of either case, \s, \p{…}),
// becomes a set here. Whatever is not known to mean the same is refused.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "datasets/bpe/code_points.h"

namespace millrace::datasets {

/// Syntax, or one character of a set.
using PatternItem = std::variant<std::string, CodePoints>;

/// Throws std::runtime_error that names the pattern and the part that is not implemented.
[[nodiscard]] std::vector<PatternItem> parse_pattern(std::string_view pattern);

}  // namespace millrace::datasets
