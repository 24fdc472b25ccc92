// All providers of the tree by name.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// A provider's name in recipes and its factory.
struct ProviderEntry {
  std::string_view name;
  std::unique_ptr<DataProvider> (*make)(const config::Options&);
};

/// The table of providers.
[[nodiscard]] std::span<const ProviderEntry> providers();
/// The names in the table.
[[nodiscard]] std::vector<std::string> known_providers();

/// The provider options.provider.name, which is one of `known` or the path of a shared library,
/// ready to fill. Throws config::UsageError for an unknown name (with the nearest and all known
/// names) and for a provider that is not replayable; else whatever the provider throws.
[[nodiscard]] std::unique_ptr<DataProvider> make_provider(
    const config::Options& options, std::span<const ProviderEntry> known = providers());

/// Throws config::UsageError for a provider that cannot compute a sample again. make_provider calls
/// it.
void check_replayable(const DataProvider& provider);

}  // namespace millrace::providers
