// Which words of two weights have a key below the same bound: how a round of sticky masking is
// decided without computing keys.
//
// Within one weight the smallest key −ln(u)/w is the largest word: no logarithm is needed. Between
// the two weights the order of keys is needed, but not of all of them: of a bound κ on the key it
// is enough to know the two words, one for each weight, above which keys are at most κ. Some
// hundred bounds and their words are computed once for a pair of weights, with the very keys that
// define the stream. A round then looks for two bounds that follow each other of which one takes
// too few positions and the next too many, by counting words above limits, which vectors do sixteen
// at a time; only the few positions between the two need their keys.
//
// A limit is such that `word > limit` says "key ≤ κ", where a word 0 counts as 1: words 0 and 1 are
// never told apart by a limit. Immutable, so any thread may use one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace::providers {

struct Limits {
  std::uint32_t alone;   ///< for positions of weight p1
  std::uint32_t beside;  ///< for positions of weight p2
};

class StickyLimits {
 public:
  /// Both weights positive and at least kLeastWeight, or alike: then whatever they are.
  StickyLimits(double p1, double p2);

  /// Below this a key could overflow, or lose digits: two words might have one key.
  static constexpr double kLeastWeight = 1e-280;

  /// From those that no word is above, to those that every word is above; each takes no less than
  /// the one before.
  [[nodiscard]] std::size_t size() const { return limits_.size(); }
  [[nodiscard]] Limits operator[](std::size_t bound) const { return limits_[bound]; }

  /// The first bound that takes `wanted` positions or more of so many of either weight, if words
  /// were spread evenly.
  [[nodiscard]] std::size_t guess(std::size_t alone, std::size_t beside, std::size_t wanted) const;

 private:
  std::vector<Limits> limits_;
};

}  // namespace millrace::providers
