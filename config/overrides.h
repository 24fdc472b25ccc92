// Sets keys from the text of a command line.
#pragma once

#include "config/options.h"
#include "config/recipe.h"

namespace millrace::config {

/// Sets one key; strings need no quotes, stages are TOML. Throws UsageError "--key=value: …".
void apply(const Override& override, Options& options);

}  // namespace millrace::config
