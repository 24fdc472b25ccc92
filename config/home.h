// The home folder in paths of recipes, where no shell expands it.
#pragma once

#include <string>

#include "config/keys.h"

namespace millrace::config {

/// The text with a leading "~/" of a path, or of the path in a file:// or ipc:// uri, replaced by
/// $HOME. Any other text is returned as it is. Throws UsageError, with the reason alone, for ~USER
/// and where $HOME is not set.
[[nodiscard]] std::string expand_home(std::string text, Names names);

}  // namespace millrace::config
