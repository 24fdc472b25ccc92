// The table of contents: one explicit line per provider. (A self-registering object in a static
// library silently vanishes.)
#include "providers/registry.h"

#include <algorithm>
#include <array>
#include <string_view>

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

struct Entry {
  std::string_view name;
  std::unique_ptr<DataProvider> (*make)(const config::Options&);
};

constexpr std::array kProviders = {
    Entry{"char_diffusion", make_char_diffusion},
    Entry{"char_random_replacement", make_char_random_replacement},
    Entry{"sedd", make_sedd},
    Entry{"masked", make_masked},
    Entry{"d3pm", make_d3pm},
    Entry{"tokens", make_tokens},
    Entry{"synthetic", make_synthetic},
    Entry{"cascade", make_cascade},
};

[[noreturn]] void refuse_unknown(const std::string& name) {
  const std::vector<std::string> all = known_providers();
  std::string known;
  for (const std::string& one : all) known += (known.empty() ? "" : ", ") + one;
  throw config::UsageError(
      "unknown provider '" + name + "' (known: " + known + ")" + config::did_you_mean(name, all) +
      "; one in a shared library is named by its path, and one in Python is run by its own script");
}

std::unique_ptr<DataProvider> make_listed(const config::Options& options) {
  const std::string& name = options.provider.name;
  const auto entry = std::find_if(kProviders.begin(), kProviders.end(),
                                  [&](const Entry& e) { return e.name == name; });
  if (entry == kProviders.end()) refuse_unknown(name);
  return entry->make(options);
}

}  // namespace

std::unique_ptr<DataProvider> make_provider(const config::Options& options) {
  std::unique_ptr<DataProvider> provider =
      config::is_library(options) ? make_from_library(options) : make_listed(options);
  check_replayable(*provider);
  return provider;
}

void check_replayable(const DataProvider& provider) {
  if (provider.replayable()) return;
  throw config::UsageError("provider '" + provider.meta().provider +
                           "' cannot compute a sample again, and a stream is a " +
                           "function of the index; write what it yields to a file and stream that");
}

std::vector<std::string> known_providers() {
  std::vector<std::string> names;
  for (const Entry& entry : kProviders) names.emplace_back(entry.name);
  return names;
}

}  // namespace millrace::providers
