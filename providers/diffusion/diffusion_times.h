// The time of each diffusion sample, by its index: uniform for every sample by itself, and even
// over each group of samples.
//
// Samples g·n … g·n + n − 1 share one random offset and lie n-th parts of the circle apart, in
// bit-reversed order, so that every aligned run of a power of two of them is stratified too,
// whatever the batch size: that takes variance out of a loss that depends on t (low-discrepancy
// times: Kingma et al., "Variational diffusion models", arXiv 2107.00630, appendix I.1). With n = 1
// times are independent. Immutable, so any thread may use one.
#pragma once

#include <cstdint>

#include "proto/types.h"

namespace millrace::providers {

class DiffusionTimes {
 public:
  /// `group` is n, a power of two (provider.t_group).
  DiffusionTimes(std::uint64_t seed, std::uint32_t group);

  /// f: with g = index div n, k = index mod n: (word 0 of kTime at index g + bitreverse(k) · 2^32 /
  /// n) mod 2^32.
  [[nodiscard]] std::uint32_t fraction(proto::Split split, std::uint64_t index) const;

  /// t = eps + (1 − eps)(f + 1)/2^32, in (eps, 1], rounded to f32 once: that value travels, and
  /// decides the noise.
  [[nodiscard]] float time(proto::Split split, std::uint64_t index, double eps) const;

  /// floor(f · steps / 2^32): a step below `steps`.
  [[nodiscard]] std::uint32_t step(proto::Split split, std::uint64_t index,
                                   std::uint32_t steps) const;

 private:
  std::uint64_t seed_;
  std::uint32_t group_;
};

}  // namespace millrace::providers
