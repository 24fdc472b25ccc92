// Rounds of sticky masking until enough positions are selected.
#include "providers/masking/sticky_masking.h"

#include <algorithm>
#include <cassert>

#include "datasets/io/fixed_point.h"
#include "providers/masking/sticky_keys.h"
#include "providers/masking/sticky_round.h"

namespace millrace::providers {
namespace {

using datasets::in_nano;
using datasets::kNano;

constexpr std::size_t kRoundsAtLeast = 8;  // a round selects at most length / 8 positions

/// Memory of a thread, reused for every sample.
struct Scratch {
  std::vector<std::uint8_t> padded;  ///< the sample, with an unselected position at either end
  StickyRound round;
};

/// The limits of two weights. If one is 0, all eligible positions of a round have the same weight,
/// and so they have if both are 0: any equal weights give the limits. Empty for weights too small.
std::optional<StickyLimits> limits_for(double p1, double p2) {
  if (p1 == 0 || p2 == 0) return StickyLimits(1, 1);
  if (std::min(p1, p2) < StickyLimits::kLeastWeight) return std::nullopt;
  return StickyLimits(p1, p2);
}

}  // namespace

StickyMasking::StickyMasking(double target_masked_ratio, double p1_probability,
                             double p2_probability)
    : target_nano_(
          std::max(in_nano(target_masked_ratio), std::uint64_t{target_masked_ratio > 0 ? 1U : 0U})),
      p1_(p1_probability),
      p2_(p2_probability),
      limits_(limits_for(p1_, p2_)) {
  assert(target_masked_ratio >= 0 && target_masked_ratio <= 1);
}

std::size_t StickyMasking::count_for(std::size_t length) const {
  return (target_nano_ * length + kNano - 1) / kNano;
}

void StickyMasking::select(const PhiloxStream& draws, std::span<std::uint8_t> out) const {
  static thread_local Scratch scratch;
  const std::size_t length = out.size();
  assert(length > 0);
  scratch.padded.assign(length + 2, 0);
  const std::span<std::uint8_t> selected = std::span(scratch.padded).subspan(1, length);

  std::size_t need = count_for(length);
  for (std::uint64_t round = 0; need > 0; ++round) {
    const std::size_t count = std::min(need, std::max<std::size_t>(1, length / kRoundsAtLeast));
    const auto words = draws.words(Purpose::kSelect, round * length, length);
    need -= limits_ ? scratch.round.take(p1_, p2_, *limits_, words, count, selected)
                    : round_by_keys(p1_, p2_, words, count, selected);
  }
  std::copy(selected.begin(), selected.end(), out.begin());
}

std::unique_ptr<const Masking> make_sticky_masking(const config::StageOptions& stage) {
  return std::make_unique<StickyMasking>(stage.target_masked_ratio, stage.p1_probability,
                                         stage.p2_probability);
}

}  // namespace millrace::providers
