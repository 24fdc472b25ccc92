// Stratified times from one random word per group.
#include "providers/diffusion/diffusion_times.h"

#include <bit>
#include <cassert>

#include "providers/random/fixed_math.h"
#include "providers/random/philox.h"

namespace millrace::providers {
namespace {

std::uint32_t bit_reversed(std::uint32_t v) {
  v = (v >> 1 & 0x55555555) | (v & 0x55555555) << 1;
  v = (v >> 2 & 0x33333333) | (v & 0x33333333) << 2;
  v = (v >> 4 & 0x0F0F0F0F) | (v & 0x0F0F0F0F) << 4;
  v = (v >> 8 & 0x00FF00FF) | (v & 0x00FF00FF) << 8;
  return v >> 16 | v << 16;
}

}  // namespace

DiffusionTimes::DiffusionTimes(std::uint64_t seed, std::uint32_t group)
    : seed_(seed), group_(group) {
  assert(std::has_single_bit(group_));
}

// Reversing all 32 bits of k reverses its log2(n) bits and multiplies by 2^32 / n.
std::uint32_t DiffusionTimes::fraction(proto::Split split, std::uint64_t index) const {
  const PhiloxStream group_draws(seed_, split, 0, index / group_);
  return group_draws.word(Purpose::kTime, 0) +
         bit_reversed(static_cast<std::uint32_t>(index % group_));
}

float DiffusionTimes::time(proto::Split split, std::uint64_t index, double eps) const {
  constexpr double kUnit = 1.0 / 4294967296.0;
  const double share = small_to_double(std::uint64_t{fraction(split, index)} + 1) * kUnit;  // exact
  return static_cast<float>(eps + (1.0 - eps) * share);
}

std::uint32_t DiffusionTimes::step(proto::Split split, std::uint64_t index,
                                   std::uint32_t steps) const {
  return uniform_below(fraction(split, index), steps);
}

}  // namespace millrace::providers
