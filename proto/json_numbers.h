// Whole numbers out of foreign JSON, private to this folder: nlohmann's get<>() would wrap a
// negative number, cut a fraction and turn a number that is too large into any other.
#pragma once

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

namespace millrace::proto {

/// Throws std::runtime_error unless `json` is a whole number from 0 to Number's largest.
template <class Number, class Json>
[[nodiscard]] Number whole(const Json& json) {
  constexpr std::uint64_t kMost = std::numeric_limits<Number>::max();
  if (!json.is_number_unsigned() || json.template get<std::uint64_t>() > kMost) {
    throw std::runtime_error("expected a whole number from 0 to " + std::to_string(kMost));
  }
  return json.template get<Number>();
}

}  // namespace millrace::proto
