// The table of providers: one line each. (The linker would drop self-registering objects of a
// static library.)
#include "providers/registry.h"

#include <algorithm>

#include "base/text.h"
#include "config/errors.h"
#include "config/nearest.h"
#include "config/stream_keys.h"
#include "providers/cascade.h"
#include "providers/char_diffusion.h"
#include "providers/char_random_replacement.h"
#include "providers/d3pm.h"
#include "providers/load_plugin.h"
#include "providers/masked.h"
#include "providers/sedd.h"
#include "providers/synthetic.h"
#include "providers/tokens.h"

namespace millrace::providers {
namespace {

constexpr ProviderEntry kProviders[] = {
    {"char_diffusion", make_char_diffusion},
    {"char_random_replacement", make_char_random_replacement},
    {"sedd", make_sedd},
    {"masked", make_masked},
    {"d3pm", make_d3pm},
    {"tokens", make_tokens},
    {"synthetic", make_synthetic},
    {"cascade", make_cascade},
};

std::vector<std::string> names_of(std::span<const ProviderEntry> entries) {
  std::vector<std::string> names;
  for (const ProviderEntry& entry : entries) names.emplace_back(entry.name);
  return names;
}

[[noreturn]] void refuse_unknown(const std::string& name, std::span<const ProviderEntry> known) {
  const std::vector<std::string> all = names_of(known);
  throw config::UsageError(
      "unknown provider '" + name + "' (known: " + base::joined(all) + ")" +
      config::did_you_mean(name, all) +
      "; one in a shared library is named by its path, and one in Python is run by its own script");
}

std::unique_ptr<DataProvider> make_listed(const config::Options& options,
                                          std::span<const ProviderEntry> known) {
  const auto entry = std::ranges::find(known, options.provider.name, &ProviderEntry::name);
  if (entry == known.end()) refuse_unknown(options.provider.name, known);
  return entry->make(options);
}

}  // namespace

std::span<const ProviderEntry> providers() { return kProviders; }

std::vector<std::string> known_providers() { return names_of(kProviders); }

std::unique_ptr<DataProvider> make_provider(const config::Options& options,
                                            std::span<const ProviderEntry> known) {
  std::unique_ptr<DataProvider> provider =
      config::is_library(options) ? make_from_library(options) : make_listed(options, known);
  check_replayable(*provider);
  return provider;
}

void check_replayable(const DataProvider& provider) {
  if (provider.replayable()) return;
  throw config::UsageError("provider '" + provider.meta().provider +
                           "' cannot compute a sample again, and a stream is a " +
                           "function of the index; write what it yields to a file and stream that");
}

}  // namespace millrace::providers
