// Whole numbers from foreign JSON. nlohmann's own get<>() wraps negative numbers, truncates
// fractions, and reduces numbers that are too large.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>

namespace millrace::proto {

/// The value of `json` where that is a whole number from `least` to `most`; else empty.
template <class Number, class Json>
[[nodiscard]] std::optional<Number> try_whole(const Json& json, Number least = 0,
                                              Number most = std::numeric_limits<Number>::max()) {
  if (!json.is_number_unsigned()) return std::nullopt;
  const auto value = json.template get<std::uint64_t>();
  if (value < least || value > most) return std::nullopt;
  return static_cast<Number>(value);
}

/// Throws std::runtime_error unless `json` is a whole number from 0 to Number's largest.
template <class Number, class Json>
[[nodiscard]] Number whole(const Json& json) {
  if (const auto value = try_whole<Number>(json)) return *value;
  throw std::runtime_error("expected a whole number from 0 to " +
                           std::to_string(std::numeric_limits<Number>::max()));
}

}  // namespace millrace::proto
