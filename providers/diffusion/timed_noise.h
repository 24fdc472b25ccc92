// Diffusion in continuous time, for sedd and masked: times from (sampling_eps, 1] by
// DiffusionTimes, and the noise σ(t).
#pragma once

#include <memory>
#include <string>

#include "config/options.h"
#include "providers/diffusion/noised_windows.h"

namespace millrace::providers {

[[nodiscard]] std::unique_ptr<const Diffusion> make_timed_noise(const config::Options& options,
                                                                std::uint32_t format_version,
                                                                Graph graph);

}  // namespace millrace::providers
