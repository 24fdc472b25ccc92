// From weights to whole numbers of samples. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "config/options.h"

namespace millrace::providers {

/// The weight at a sample, in millionths: that of the first point before it, that of the last
/// behind it, and on the straight line between two points else. IEEE doubles in a fixed order, so
/// that it is the same everywhere.
[[nodiscard]] std::uint64_t weight_at(const std::vector<config::WeightPoint>& points,
                                      std::uint64_t sample);

/// `total` shared out in proportion to the weights (not all 0), largest remainders first, ties to
/// the earlier. A weight that is not 0 is worth one at least: where it would have none, the largest
/// share gives one, the earlier of equals. There are at most `total` weights, each below 2^41.
[[nodiscard]] std::vector<std::uint16_t> apportion(std::uint16_t total,
                                                   std::span<const std::uint64_t> weights);

}  // namespace millrace::providers
