// Either graph's noise at continuous times.
#include "providers/sedd.h"

#include "providers/diffusion/timed_noise.h"

namespace millrace::providers {
namespace {

constexpr std::uint32_t kFormatVersion = 1;

Graph graph_of(const config::ProviderOptions& options) {
  return options.graph == "uniform" ? Graph::kUniform : Graph::kAbsorb;
}

}  // namespace

std::unique_ptr<DataProvider> make_sedd(const config::Options& options) {
  return make_noised_windows(options,
                             make_timed_noise(options, kFormatVersion, graph_of(options.provider)));
}

}  // namespace millrace::providers
