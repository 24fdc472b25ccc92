// Bounds of two weights, and their limits by bisection.
#include "providers/masking/sticky_limits.h"

#include <algorithm>
#include <optional>

#include "providers/masking/sticky_keys.h"

namespace millrace::providers {
namespace {

constexpr std::uint32_t kMostWord = 0xffffffff;
// More bounds leave fewer positions between two, but take more cache.
constexpr std::uint32_t kStepsAWeight = 256;
constexpr std::uint32_t kStep =
    static_cast<std::uint32_t>((std::uint64_t{1} << 32) / kStepsAWeight);

/// The smallest word whose key is at most `key`, by bisection: keys decrease in the word, and word
/// 2^32 − 1 has key 0.
std::uint32_t first_word_within(double key, double weight) {
  std::uint32_t low = 0;
  std::uint32_t high = kMostWord;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (exponential_clock(middle) / weight <= key) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/// The limit that takes words from `first` on; none if it would separate words 0 and 1.
std::optional<std::uint32_t> limit_from(std::uint32_t first) {
  if (first == 1) return std::nullopt;
  return first == 0 ? 0 : first - 1;
}

void add_bound(double key, double p1, double p2, std::vector<Limits>& limits) {
  const auto alone = limit_from(first_word_within(key, p1));
  const auto beside = limit_from(first_word_within(key, p2));
  if (alone && beside) limits.push_back({*alone, *beside});
}

bool takes_less(Limits a, Limits b) {
  return a.alone != b.alone ? a.alone > b.alone : a.beside > b.beside;
}

}  // namespace

StickyLimits::StickyLimits(double p1, double p2) {
  limits_.push_back({kMostWord, kMostWord});
  for (std::uint32_t step = kStepsAWeight - 1; step > 0; --step) {
    const std::uint32_t word = step * kStep;  // spaced evenly over the words of each weight
    if (p1 == p2) {
      limits_.push_back({word - 1, word - 1});
      continue;
    }
    add_bound(exponential_clock(word) / p1, p1, p2, limits_);
    add_bound(exponential_clock(word) / p2, p1, p2, limits_);
  }
  limits_.push_back({0, 0});
  std::sort(limits_.begin(), limits_.end(), takes_less);
}

std::size_t StickyLimits::guess(std::size_t alone, std::size_t beside, std::size_t wanted) const {
  const std::uint64_t enough = std::uint64_t{wanted} << 32;
  const auto takes_fewer = [=](Limits limits, std::uint64_t positions) {
    return alone * std::uint64_t{kMostWord - limits.alone} +
               beside * std::uint64_t{kMostWord - limits.beside} <
           positions;
  };
  const auto found = std::lower_bound(limits_.begin(), limits_.end() - 1, enough, takes_fewer);
  return static_cast<std::size_t>(found - limits_.begin());
}

}  // namespace millrace::providers
