// Quotas of a mixture: divides samples among datasets in proportion to their weights. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "config/options.h"

namespace millrace::providers {

/// The weight at a sample, in millionths: linear between two points, constant before the first and
/// after the last. Computed with IEEE doubles in a fixed order, so it is the same everywhere.
[[nodiscard]] std::uint64_t weight_at(const std::vector<config::WeightPoint>& points,
                                      std::uint64_t sample);

/// Divides `total` in proportion to the weights (not all 0) by largest remainders, ties to the
/// earlier one. A weight above 0 gets at least 1: if its share would be 0, it takes 1 from the
/// largest share (the earliest of equals). At most `total` weights, each below 2^41.
[[nodiscard]] std::vector<std::uint16_t> apportion(std::uint16_t total,
                                                   std::span<const std::uint64_t> weights);

}  // namespace millrace::providers
