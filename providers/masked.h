// Tokens masked to a continuous time: the provider for masked diffusion (MDLM, arXiv 2406.07524;
// MD4, arXiv 2406.04329). A token becomes [MASK] with probability 1 − e^(−σ(t)): the bytes are
// those of sedd over the absorb graph, the objective is another.
//
// Fields: x, y, t (providers/diffusion/noised_windows.h), t as f32 in (sampling_eps, 1].
#pragma once

#include <memory>

#include "config/options.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// As make_noised_windows.
[[nodiscard]] std::unique_ptr<DataProvider> make_masked(const config::Options& options);

}  // namespace millrace::providers
