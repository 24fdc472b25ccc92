// Provider d3pm: D3PM with an absorbing state and T discrete steps (Austin et al., arXiv
// 2107.03006). With β_t = 1/(T − t + 1) a token of x_τ is [MASK] with probability τ/T.
//
// Fields: x, y, t (providers/diffusion/noised_windows.h), where t is the integer τ, the step of x,
// from 1 to T. (nanoDD counts t = τ − 1 from 0, and feeds its network x_{t+1} and t + 1.)
#pragma once

#include <memory>

#include "config/options.h"
#include "providers/data_provider.h"

namespace millrace::providers {

/// Throws what make_noised_windows() throws.
[[nodiscard]] std::unique_ptr<DataProvider> make_d3pm(const config::Options& options);

}  // namespace millrace::providers
