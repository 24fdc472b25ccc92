// Bounds on keys as limits on random words: decides a round of sticky masking almost without
// computing keys.
//
// Among positions of the same weight the smallest key −ln(u)/w has the largest word, so no
// logarithm is needed. Between the two weights keys must be compared; but for a bound κ on the key,
// two words are enough, one for each weight, above which keys are at most κ. A few hundred bounds
// and their words are computed once for a pair of weights, from the same keys that define the
// stream. A round then searches two consecutive bounds, of which one takes too few positions and
// the next too many, by counting words above limits, sixteen at a time in vectors. Only the few
// positions between the two bounds need their keys.
//
// `word > limit` means "key ≤ κ", where word 0 counts as 1: no limit separates words 0 and 1.
// Immutable and thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace::providers {

/// The limits on words of one bound.
struct Limits {
  std::uint32_t alone;   ///< for positions of weight p1
  std::uint32_t beside;  ///< for positions of weight p2
};

class StickyLimits {
 public:
  /// Both weights are at least kLeastWeight, or equal (then any value).
  StickyLimits(double p1, double p2);

  /// Below this, keys could overflow or lose digits, and two words could have the same key.
  static constexpr double kLeastWeight = 1e-280;

  /// Bounds in ascending order: the first takes no position, the last takes all.
  [[nodiscard]] std::size_t size() const { return limits_.size(); }
  [[nodiscard]] Limits operator[](std::size_t bound) const { return limits_[bound]; }

  /// The first bound expected to take at least `wanted` of these positions, if words were spread
  /// evenly.
  [[nodiscard]] std::size_t guess(std::size_t alone, std::size_t beside, std::size_t wanted) const;

 private:
  std::vector<Limits> limits_;
};

}  // namespace millrace::providers
