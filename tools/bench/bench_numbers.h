// Statistics and formatting of repeated measurements.
#pragma once

#include <string>
#include <vector>

namespace millrace::tools {

/// The median of at least one value.
[[nodiscard]] double median(std::vector<double> values);
[[nodiscard]] double smallest(const std::vector<double>& values);
[[nodiscard]] double largest(const std::vector<double>& values);

/// Three significant digits and a unit prefix: "45.2 M", "353 k", "0.8 ".
[[nodiscard]] std::string with_prefix(double value);

}  // namespace millrace::tools
