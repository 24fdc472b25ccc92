// Loads providers from shared libraries (providers/plugin.h).
#pragma once

#include <memory>

#include "config/options.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// The provider in the library at the path options.provider.name, relative to the working
/// directory. The library stays loaded until the process ends. Throws config::UsageError for a file
/// that is missing, not a library, without a provider, or built for another version, for one that a
/// checkpoint's recipe names (config/code_name.h), and for a meta that contradicts the recipe; else
/// whatever the library's factory throws.
[[nodiscard]] std::unique_ptr<DataProvider> make_from_library(const config::Options& options);

}  // namespace millrace::providers
