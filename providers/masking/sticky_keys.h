// The keys of sticky masking, and a round by its definition: computes every key and selects the
// smallest.
//
// Used for the few positions that limits on words leave undecided, for weights so small that keys
// overflow, and by the tests as the reference for the fast rounds. Pure; allocates only in a
// thread's first calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "providers/random/fixed_math.h"

namespace millrace::providers {

/// −ln((word + 1)/2^32), to be divided by the weight. Strictly decreasing in the word, also after
/// the division: values of consecutive words differ by a relative 10^-11 at least, and the relative
/// error of fixed_log and the division is below 10^-15.
[[nodiscard]] inline double exponential_clock(std::uint32_t word) {
  constexpr double kWordUnit = 1.0 / 4294967296.0;
  return -fixed_log(small_to_double(std::uint64_t{word} + 1) * kWordUnit);
}

struct Candidate {
  double key;
  std::uint32_t position;
  bool operator<(const Candidate& other) const {
    return key != other.key ? key < other.key : position < other.position;
  }
};

/// Selects the `count` smallest candidates, or all if there are fewer; returns their number.
/// Reorders the candidates.
std::size_t take_smallest(std::vector<Candidate>& candidates, std::size_t count,
                          std::span<std::uint8_t> selected);

/// One round: selects up to `count` positions and returns their number. words[j] belongs to
/// position j.
std::size_t round_by_keys(double p1, double p2, std::span<const std::uint32_t> words,
                          std::size_t count, std::span<std::uint8_t> selected);

}  // namespace millrace::providers
