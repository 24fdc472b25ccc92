// Sticky masking: an exact number of positions, selected in rounds, whose weight depends on their
// neighbours: with p2 > p1 the selection clumps, with p1 > p2 it spreads.
//
// n = ceil(target · L) positions, at least 1 where target > 0. A round takes min(n − taken, max(1,
// L div 8), eligible) of them, without replacement in proportion to their weights: an unselected
// position weighs p2 where a neighbour was selected before this round, p1 where not. The keys
// −ln(u)/w, u = (word + 1)/2^32, of exponential clocks do that: the smallest keys win, ties go to
// the lower position (Efraimidis & Spirakis, "Weighted random sampling with a reservoir", 2006). A
// weight of 0 is not eligible while a positive one is left; when none is, the round draws uniformly
// from all unselected ones. In round r, word r · L + j is position j's.
//
// How the smallest keys are found without computing them all: providers/masking/sticky_limits.h.
#pragma once

#include <optional>

#include "providers/masking/masking.h"
#include "providers/masking/sticky_limits.h"

namespace millrace::providers {

class StickyMasking final : public Masking {
 public:
  StickyMasking(double target_masked_ratio, double p1_probability, double p2_probability);

  void select(const PhiloxStream& draws, std::span<std::uint8_t> out) const override;

  /// ceil(target · length), at least 1 where target > 0; target counted in 1e-9.
  [[nodiscard]] std::size_t count_for(std::size_t length) const;

 private:
  std::uint64_t target_nano_;
  double p1_;
  double p2_;
  std::optional<StickyLimits> limits_;  ///< none for weights too small, whose keys are computed all
};

}  // namespace millrace::providers
