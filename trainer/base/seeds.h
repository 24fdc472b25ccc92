// The seeds of initialisation and dropout, training's only randomness: pure functions of (seed,
// step, rank).
#pragma once

#include <cstdint>

namespace millrace::trainer {

/// SplitMix64's finaliser (Steele, Lea, Flood, OOPSLA'14): every bit of the result depends on every
/// bit of the value.
[[nodiscard]] constexpr std::uint64_t splitmix64(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

/// The seed of a rank's dropout in the step that follows `completed` steps.
[[nodiscard]] constexpr std::uint64_t dropout_seed(std::uint64_t seed, std::uint64_t completed,
                                                   std::uint32_t rank) {
  return splitmix64(splitmix64(splitmix64(seed) + completed + 1) + rank);
}

/// The seed of the initial parameters, the same on every rank.
[[nodiscard]] constexpr std::uint64_t init_seed(std::uint64_t seed) {
  return splitmix64(splitmix64(seed));
}

}  // namespace millrace::trainer
