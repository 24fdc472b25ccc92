// Absorbing noise at continuous times.
#include "providers/masked.h"

#include "providers/diffusion/timed_noise.h"

namespace millrace::providers {
namespace {

constexpr std::uint32_t kFormatVersion = 1;

}  // namespace

std::unique_ptr<DataProvider> make_masked(const config::Options& options) {
  return make_noised_windows(options, make_timed_noise(options, kFormatVersion, Graph::kAbsorb));
}

}  // namespace millrace::providers
