// Provider masked: masked diffusion in continuous time (MDLM, arXiv 2406.07524; MD4, arXiv
// 2406.04329). A token is [MASK] with probability 1 − e^(−σ(t)). The bytes are those of sedd with
// the graph absorb; only the objective differs.
//
// Fields: x, y, t (providers/diffusion/noised_windows.h), t as f32 in (sampling_eps, 1].
#pragma once

#include <memory>

#include "config/options.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// Throws what make_noised_windows() throws.
[[nodiscard]] std::unique_ptr<DataProvider> make_masked(const config::Options& options);

}  // namespace millrace::providers
