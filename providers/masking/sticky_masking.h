// Stage type sticky: selects an exact number of positions in rounds. A position's weight depends on
// its neighbours: with p2 > p1 the selection clumps, with p1 > p2 it spreads.
//
// n = ceil(target · L) positions are selected, at least 1 if target > 0. A round selects min(n −
// selected, max(1, L div 8), eligible) of them, without replacement in proportion to their weights:
// an unselected position has weight p2 if a neighbour was selected before this round, else p1. It
// takes the smallest keys −ln(u)/w, u = (word + 1)/2^32, of exponential clocks; ties go to the
// lower position (Efraimidis & Spirakis, "Weighted random sampling with a reservoir", 2006).
// Positions of weight 0 are not eligible while one of positive weight is left; if none is, the
// round draws uniformly from all unselected positions. Word r · L + j belongs to position j in
// round r.
//
// providers/masking/sticky_limits.h finds the smallest keys without computing them all.
#pragma once

#include <memory>
#include <optional>

#include "config/options.h"
#include "providers/masking/masking.h"
#include "providers/masking/sticky_limits.h"

namespace millrace::providers {

class StickyMasking final : public Masking {
 public:
  StickyMasking(double target_masked_ratio, double p1_probability, double p2_probability);

  void select(const PhiloxStream& draws, std::span<std::uint8_t> out) const override;

  /// ceil(target · length), at least 1 if target > 0, with target rounded to 1e-9.
  [[nodiscard]] std::size_t count_for(std::size_t length) const;

 private:
  std::uint64_t target_nano_;
  double p1_;
  double p2_;
  std::optional<StickyLimits>
      limits_;  ///< empty: weights too small for limits, all keys are computed
};

[[nodiscard]] std::unique_ptr<const Masking> make_sticky_masking(const config::StageOptions& stage);

}  // namespace millrace::providers
