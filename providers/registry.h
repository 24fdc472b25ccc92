// All providers by name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/options.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// The provider that options.provider.name names, or that is in the shared library there, ready to
/// fill. Throws config::UsageError for an unknown name (the message has the nearest and all known
/// ones) and for a provider that is not replayable; else what the provider throws.
[[nodiscard]] std::unique_ptr<DataProvider> make_provider(const config::Options& options);

[[nodiscard]] std::vector<std::string> known_providers();

/// Throws config::UsageError for a provider that cannot compute a sample again; make_provider calls
/// it.
void check_replayable(const DataProvider& provider);

}  // namespace millrace::providers
