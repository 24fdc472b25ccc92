// Statistics and formatting of repeated measurements.
#include "tools/bench/bench_numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace millrace::tools {

double median(std::vector<double> values) {
  assert(!values.empty());
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double smallest(const std::vector<double>& values) {
  assert(!values.empty());
  return *std::ranges::min_element(values);
}

double largest(const std::vector<double>& values) {
  assert(!values.empty());
  return *std::ranges::max_element(values);
}

std::string with_prefix(double value) {
  constexpr std::pair<double, const char*> kPrefixes[] = {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
  for (const auto& [factor, prefix] : kPrefixes) {
    if (value >= factor) return fmt::format("{:.3g} {}", value / factor, prefix);
  }
  return fmt::format("{:.3g} ", value);
}

}  // namespace millrace::tools
