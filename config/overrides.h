// Command-line overrides: sets keys from text.
#pragma once

#include "config/options.h"
#include "config/recipe.h"
#include "config/written_keys.h"

namespace millrace::config {

/// Sets one key. Strings need no quotes; stages, datasets and settings are TOML. Throws UsageError
/// "--key=value: …".
void apply(const Override& override, Options& options, WrittenKeys& written);

}  // namespace millrace::config
