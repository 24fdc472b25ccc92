// Turns probabilities and fractions of a recipe into integers, so that decisions by them are exact.
// Pure.
#pragma once

#include <cstdint>

namespace millrace::datasets {

/// The nearest whole number to x ≥ 0, halves up; exact for every x < 2^53.
[[nodiscard]] constexpr std::uint64_t nearest_whole(double x) {
  const auto below = static_cast<std::uint64_t>(x);
  return below + (x - static_cast<double>(below) >= 0.5 ? 1 : 0);
}

/// A probability p in [0, 1] as a threshold: a 32-bit word w is a hit where w < threshold, which
/// holds for round(p · 2^32) of the 2^32 words.
[[nodiscard]] constexpr std::uint64_t threshold_of(double p) {
  return nearest_whole(p * 4294967296.0);
}

/// A fraction as a multiple of 1e-9: decimal fractions with up to nine digits are exact.
inline constexpr std::uint64_t kNano = 1'000'000'000;
[[nodiscard]] constexpr std::uint64_t in_nano(double fraction) {
  return nearest_whole(fraction * 1e9);
}

}  // namespace millrace::datasets
