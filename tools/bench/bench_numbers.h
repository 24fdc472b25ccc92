// What is said of a few repeats of one measurement.
#pragma once

#include <string>
#include <vector>

namespace millrace::tools {

/// The middle one, or the mean of the two in the middle; at least one is needed.
[[nodiscard]] double median(std::vector<double> values);
[[nodiscard]] double smallest(const std::vector<double>& values);
[[nodiscard]] double largest(const std::vector<double>& values);

/// Three significant digits and a unit prefix: "45.2 M", "353 k", "0.8 ".
[[nodiscard]] std::string with_prefix(double value);

/// Whether what is wanted was reached: "pass" or "FAIL".
[[nodiscard]] std::string verdict(bool passed);

}  // namespace millrace::tools
