// Tokens noised for score entropy: the provider for SEDD (Lou, Meng, Ermon, arXiv 2310.16834). Over
// the absorb graph a token becomes [MASK] with probability 1 − e^(−σ(t)), over the uniform graph it
// is redrawn uniformly with that probability.
//
// Fields: x, y, t (providers/diffusion/noised_windows.h), t as f32 in (sampling_eps, 1].
#pragma once

#include <memory>

#include "config/options.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// Throws config::UsageError for a graph or noise that does not exist; else as make_noised_windows.
[[nodiscard]] std::unique_ptr<DataProvider> make_sedd(const config::Options& options);

}  // namespace millrace::providers
