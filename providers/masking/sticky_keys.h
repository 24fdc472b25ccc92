// The keys of sticky masking, and a round by them as it is defined: every key computed, the
// smallest win.
//
// Used for the few positions of a round that limits on words leave undecided, for weights so small
// that a key overflows, and by the tests as the definition that the fast rounds are compared with.
// Pure; no allocation after the first call of a thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "providers/random/fixed_math.h"

namespace millrace::providers {

/// −ln((word + 1)/2^32), to be divided by the weight. Falls strictly as the word rises, also after
/// the division: two words that follow each other differ by more than 10^-11 of it, and fixed_log
/// and a division err by less than 10^-15.
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

/// Selects the `count` smallest of the candidates, or all of them where there are fewer; returns
/// how many. Leaves them reordered.
std::size_t take_smallest(std::vector<Candidate>& candidates, std::size_t count,
                          std::span<std::uint8_t> selected);

/// One round: selects up to `count` positions and returns how many. words[j] is position j's.
std::size_t round_by_keys(double p1, double p2, std::span<const std::uint32_t> words,
                          std::size_t count, std::span<std::uint8_t> selected);

}  // namespace millrace::providers
