// The search for two bounds, and the keys between them.
#include "providers/masking/sticky_round.h"

#include <algorithm>
#include <cassert>

namespace millrace::providers {
namespace {

// Computing this many keys is faster than counting all positions again.
constexpr std::size_t kFew = 16;
constexpr std::size_t kGuesses = 8;          // after these, the interval is bisected
constexpr std::uint32_t kNone = 0xffffffff;  // a limit above every word

/// Leaves out positions of weight 0 while there are others.
ClassCounts eligible(ClassCounts counts, double p1, double p2) {
  if (p1 == 0 && p2 > 0 && counts.beside > 0) counts.alone = 0;
  if (p2 == 0 && p1 > 0 && counts.alone > 0) counts.beside = 0;
  return counts;
}

}  // namespace

std::size_t StickyRound::take(double p1, double p2, const StickyLimits& limits,
                              std::span<const std::uint32_t> words, std::size_t count,
                              std::span<std::uint8_t> selected) {
  const std::size_t length = words.size();
  alone_.resize(length);
  beside_.resize(length);
  counts_ = eligible(
      kernels().split(selected.data(), words.data(), length, alone_.data(), beside_.data()), p1,
      p2);
  count = std::min(count, counts_.alone + counts_.beside);

  const Between found = narrow(limits, count);
  const Limits sure = limits_of(limits, found.low);
  kernels().mark_above(alone_.data(), beside_.data(), length, sure.alone, sure.beside,
                       selected.data());
  if (found.low_takes < count) {
    list_candidates(sure, limits_of(limits, found.high), p1, p2, words);
    assert(candidates_.size() == found.high_takes - found.low_takes);
    take_smallest(candidates_, count - found.low_takes, selected);
  }
  return count;
}

/// The bound's limits, with kNone for a weight without eligible positions.
Limits StickyRound::limits_of(const StickyLimits& limits, std::size_t bound) const {
  return {counts_.alone > 0 ? limits[bound].alone : kNone,
          counts_.beside > 0 ? limits[bound].beside : kNone};
}

std::size_t StickyRound::takes(Limits limits) const {
  std::size_t taken = 0;
  if (counts_.alone > 0) taken += kernels().count_above(alone_.data(), alone_.size(), limits.alone);
  if (counts_.beside > 0) {
    taken += kernels().count_above(beside_.data(), beside_.size(), limits.beside);
  }
  return taken;
}

/// Searches for the bounds around `count`. The first guess assumes evenly spread words; each next
/// one corrects by the last error and a little more, so that the bounds close in from both sides.
/// Every look narrows the interval.
StickyRound::Between StickyRound::narrow(const StickyLimits& limits, std::size_t count) const {
  Between found{0, limits.size() - 1, 0, counts_.alone + counts_.beside};
  if (count == found.high_takes) return {found.high, found.high, count, count};
  std::size_t aim = count;
  for (std::size_t look = 0; found.low_takes < count && found.high_takes - found.low_takes > kFew;
       ++look) {
    if (found.high - found.low == 1) break;
    const std::size_t bound = look < kGuesses
                                  ? std::clamp(limits.guess(counts_.alone, counts_.beside, aim),
                                               found.low + 1, found.high - 1)
                                  : found.low + (found.high - found.low) / 2;
    const std::size_t taken = takes(limits[bound]);
    if (taken <= count) {
      found.low = bound;
      found.low_takes = taken;
      aim += count - taken + kFew / 4;
    } else {
      found.high = bound;
      found.high_takes = taken;
      aim -= std::min(aim, taken - count + kFew / 4);
    }
  }
  return found;
}

/// Lists the positions between the limits, taken by `some` and not by `sure`, with their keys. If
/// no eligible position has a positive weight, all have weight 1.
void StickyRound::list_candidates(Limits sure, Limits some, double p1, double p2,
                                  std::span<const std::uint32_t> words) {
  positions_.resize(words.size());
  const std::size_t count =
      kernels().list_between(alone_.data(), beside_.data(), words.size(), sure.alone, sure.beside,
                             some.alone, some.beside, positions_.data());
  candidates_.clear();
  for (const std::uint32_t j : std::span(positions_).first(count)) {
    const double weight = alone_[j] != 0 ? p1 : p2;
    candidates_.push_back({exponential_clock(words[j]) / (weight > 0 ? weight : 1.0), j});
  }
}

}  // namespace millrace::providers
