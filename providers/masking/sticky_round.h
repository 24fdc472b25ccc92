// One round of sticky masking by limits on words (providers/masking/sticky_limits.h).
//
// Selects the same positions as round_by_keys() of providers/masking/sticky_keys.h; the guesses
// only affect speed. Not thread-safe: each thread has its own.
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
  /// Selects up to `count` positions by their weights and returns their number; fewer only if no
  /// more are eligible. words[j] belongs to position j; `limits` are those of the weights. Reads
  /// selected.data()[-1] and selected.data()[size], which must be 0.
  std::size_t take(double p1, double p2, const StickyLimits& limits,
                   std::span<const std::uint32_t> words, std::size_t count,
                   std::span<std::uint8_t> selected);

 private:
  /// Two bounds: the lower takes at most the wanted number of positions, the upper at least that.
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
