// Logarithm and exponential with the same bits on every IEEE 754 machine: only + − × ÷ in a fixed
// order, and bit operations. No libm, whose last digit differs between libraries and instruction
// sets. Compiled without contraction (cmake/Compile.cmake).
//
// Inline and branch-free, so that loops vectorise; vectors of the same operations give the same
// bits.
#pragma once

#include <bit>
#include <cfloat>
#include <cstdint>
#include <limits>

namespace millrace::providers {

static_assert(
    std::numeric_limits<double>::is_iec559 && FLT_EVAL_METHOD == 0,
    "a stream's bytes need plain IEEE 754 doubles; on 32-bit x86 compile with -msse2 -mfpmath=sse");

/// Exact for n < 2^52.
[[nodiscard]] inline double small_to_double(std::uint64_t n) {
  // 2^52, whose unit in the last place is 1.
  constexpr std::uint64_t kTwo52Bits = 0x4330000000000000;
  return std::bit_cast<double>(kTwo52Bits | n) - 4503599627370496.0;
}

// ln 2 in two parts. The upper part has few enough digits that an integer times it is exact.
inline constexpr double kLn2High = 0x1.62E42FEE00000p-1;
inline constexpr double kLn2Low = 0x1.A39EF35793C76p-33;

/// The natural logarithm of a positive, normal, finite x, within 2 units in the last place.
///
/// x = 2^k · m with m in [√½, √2); ln m = 2 artanh(s) = 2 (s + s³/3 + s⁵/5 + …), s = (m − 1)/(m +
/// 1), |s| < 0.1716, cut after s²³, where the rest is below 2^-60 of the sum.
[[nodiscard]] inline double fixed_log(double x) {
  constexpr std::uint64_t kRootHalfBits = 0x3FE6A09E667F3BCD;  // √½
  constexpr std::uint64_t kFractionMask = 0x000FFFFFFFFFFFFF;

  // Shifted so that the exponent field of a number in [√½, √2) reads 1024.
  const std::uint64_t shifted =
      std::bit_cast<std::uint64_t>(x) + (std::uint64_t{1024} << 52) - kRootHalfBits;
  const double k = small_to_double(shifted >> 52) - 1024.0;
  const double m = std::bit_cast<double>((shifted & kFractionMask) + kRootHalfBits);

  const double f = m - 1.0;  // exact
  const double s = f / (2.0 + f);
  const double z = s * s;
  double p = 1.0 / 23;
  p = p * z + 1.0 / 21;
  p = p * z + 1.0 / 19;
  p = p * z + 1.0 / 17;
  p = p * z + 1.0 / 15;
  p = p * z + 1.0 / 13;
  p = p * z + 1.0 / 11;
  p = p * z + 1.0 / 9;
  p = p * z + 1.0 / 7;
  p = p * z + 1.0 / 5;
  p = p * z + 1.0 / 3;
  const double twice_s = s + s;
  return k * kLn2High + (twice_s + (twice_s * (z * p) + k * kLn2Low));
}

/// e^x for x in [−700, 700], within 2 units in the last place.
///
/// x = k·ln 2 + r with |r| ≤ ½ ln 2; e^r by its series up to r¹³, where the rest is below 2^-57. k
/// is rounded by adding 1.5 · 2^52, which leaves it in the low bits, from where it goes into the
/// exponent.
[[nodiscard]] inline double fixed_exp(double x) {
  constexpr double kRound = 6755399441055744.0;  // 1.5 · 2^52
  constexpr double kLog2E = 0x1.71547652B82FEp+0;

  const double shifted = x * kLog2E + kRound;
  const double k = shifted - kRound;
  const double r = (x - k * kLn2High) - k * kLn2Low;
  double p = 1.0 / 6227020800;
  p = p * r + 1.0 / 479001600;
  p = p * r + 1.0 / 39916800;
  p = p * r + 1.0 / 3628800;
  p = p * r + 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 1.0 / 2;
  const double power = 1.0 + (r + r * r * p);
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(power) +
                               (std::bit_cast<std::uint64_t>(shifted) << 52));
}

}  // namespace millrace::providers
