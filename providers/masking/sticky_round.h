// One round of sticky masking, without computing the keys: providers/masking/sticky_limits.h has
// the idea.
//
// What it selects is what round_by_keys() of providers/masking/sticky_keys.h selects, whatever is
// guessed on the way. Not thread-safe: a thread has its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "providers/masking/sticky_keys.h"
#include "providers/masking/sticky_limits.h"
#include "providers/random/vector_kernels.h"

namespace millrace::providers {

class StickyRound {
 public:
  /// Selects up to `count` positions by their weights and returns how many: fewer only where no
  /// more are eligible. words[j] is position j's; `limits` are those of the weights.
  /// selected.data()[-1] and [size] are read, and must be 0.
  std::size_t take(double p1, double p2, const StickyLimits& limits,
                   std::span<const std::uint32_t> words, std::size_t count,
                   std::span<std::uint8_t> selected);

 private:
  /// Two bounds: the lower takes no more positions than wanted, the upper no fewer.
  struct Between {
    std::size_t low;
    std::size_t high;
    std::size_t low_takes;
    std::size_t high_takes;
  };

  [[nodiscard]] Limits limits_of(const StickyLimits& limits, std::size_t bound) const;
  [[nodiscard]] std::size_t takes(Limits limits) const;
  [[nodiscard]] Between narrow(const StickyLimits& limits, std::size_t count) const;
  void list_candidates(Limits sure, Limits some, double p1, double p2,
                       std::span<const std::uint32_t> words);

  ClassCounts counts_;  ///< of the eligible positions
  std::vector<std::uint32_t> alone_;
  std::vector<std::uint32_t> beside_;
  std::vector<std::uint32_t> positions_;
  std::vector<Candidate> candidates_;
};

}  // namespace millrace::providers
