#include "providers/sedd.h"

#include "config/errors.h"
#include "providers/diffusion/timed_noise.h"

namespace millrace::providers {
namespace {

constexpr std::uint32_t kFormatVersion = 1;

Graph graph_from(const std::string& name) {
  if (name == "absorb") return Graph::kAbsorb;
  if (name == "uniform") return Graph::kUniform;
  throw config::UsageError("provider.graph = \"" + name +
                           "\" does not exist; absorb and uniform do");
}

}  // namespace

std::unique_ptr<DataProvider> make_sedd(const config::Options& options) {
  return make_noised_windows(options, make_timed_noise(options, "sedd", kFormatVersion,
                                                       graph_from(options.provider.graph)));
}

}  // namespace millrace::providers
