// Provider sedd: noised tokens for score entropy discrete diffusion (SEDD: Lou, Meng, Ermon, arXiv
// 2310.16834). With probability 1 − e^(−σ(t)) a token becomes [MASK] (graph absorb) or is redrawn
// uniformly (graph uniform).
//
// Fields: x, y, t (providers/diffusion/noised_windows.h), t as f32 in (sampling_eps, 1].
#pragma once

#include <memory>

#include "config/options.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// Throws what make_noised_windows() throws.
[[nodiscard]] std::unique_ptr<DataProvider> make_sedd(const config::Options& options);

}  // namespace millrace::providers
