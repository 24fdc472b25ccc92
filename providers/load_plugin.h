// Providers in shared libraries (providers/plugin.h).
#pragma once

#include <memory>

#include "config/options.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// The provider of the library that options.provider.name is the path of, relative to the working
/// directory. It stays loaded until the process ends. Throws config::UsageError for a file that is
/// missing, no library, without a provider, built for another version, or whose meta does not say
/// what the recipe does; else what its own factory throws.
[[nodiscard]] std::unique_ptr<DataProvider> make_from_library(const config::Options& options);

}  // namespace millrace::providers
