// Diffusion in continuous time: a time from (sampling_eps, 1] by DiffusionTimes, and the noise σ(t)
// of it. What sedd and masked share.
#pragma once

#include <memory>
#include <string>

#include "config/options.h"
#include "providers/diffusion/noised_windows.h"

namespace millrace::providers {

[[nodiscard]] std::unique_ptr<const Diffusion> make_timed_noise(const config::Options& options,
                                                                std::string provider,
                                                                std::uint32_t format_version,
                                                                Graph graph);

}  // namespace millrace::providers
