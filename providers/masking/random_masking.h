// Stage type random: each sample draws its own ratio, uniformly up to max_masked_ratio, and selects
// each position independently with that probability.
#pragma once

#include <memory>

#include "config/options.h"
#include "providers/masking/masking.h"

namespace millrace::providers {

[[nodiscard]] std::unique_ptr<const Masking> make_random_masking(const config::StageOptions& stage);

}  // namespace millrace::providers
