// The time of each diffusion sample, by its index: uniform for a single sample, stratified over
// each group of samples.
//
// Samples g·n … g·n + n − 1 share one random offset and are spaced 1/n apart (modulo 1), in
// bit-reversed order, so that every aligned run of a power of two of them is stratified too, for
// any batch size. This lowers the variance of a loss that depends on t (low-discrepancy times:
// Kingma et al., "Variational diffusion models", arXiv 2107.00630, appendix I.1). With n = 1 times
// are independent. Immutable and thread-safe.
#pragma once

#include <cstdint>

#include "proto/types.h"

namespace millrace::providers {

class DiffusionTimes {
 public:
  /// `group` is n, a power of two (provider.t_group).
  DiffusionTimes(std::uint64_t seed, std::uint32_t group);

  /// f = (word 0 of kTime at index g + bitreverse(k) · 2^32 / n) mod 2^32, with g = index div n and
  /// k = index mod n.
  [[nodiscard]] std::uint32_t fraction(proto::Split split, std::uint64_t index) const;

  /// t = eps + (1 − eps)(f + 1)/2^32, in (eps, 1], rounded to f32 once. The rounded value is the
  /// sample's t and decides its noise.
  [[nodiscard]] float time(proto::Split split, std::uint64_t index, double eps) const;

  /// floor(f · steps / 2^32), below `steps`.
  [[nodiscard]] std::uint32_t step(proto::Split split, std::uint64_t index,
                                   std::uint32_t steps) const;

 private:
  std::uint64_t seed_;
  std::uint32_t group_;
};

}  // namespace millrace::providers
