// Logarithm and exponential: exact bits, and errors against libm.
#include "providers/random/fixed_math.h"

#include <cmath>

#include <gtest/gtest.h>

#include "providers/random/philox.h"

namespace millrace::providers {
namespace {

/// The number of doubles between two of the same sign.
std::uint64_t apart(double a, double b) {
  const auto bits_a = std::bit_cast<std::uint64_t>(a);
  const auto bits_b = std::bit_cast<std::uint64_t>(b);
  return bits_a > bits_b ? bits_a - bits_b : bits_b - bits_a;
}

void expect_near_libm(double x) {
  const double expected = std::log(x);
  ASSERT_LE(apart(fixed_log(x), expected), 2U) << x << ": " << fixed_log(x) << " for " << expected;
}

TEST(FixedLog, IsNearTheTrueLogarithmOfWords) {
  const PhiloxStream draws(1, proto::Split::kTrain, 0, 0);
  for (std::uint64_t w = 0; w < 200'000; ++w) {
    expect_near_libm((draws.word(Purpose::kSelect, w) + 1.0) / 4294967296.0);
  }
}

TEST(FixedLog, IsNearTheTrueLogarithmOfTinyHugeAndCloseToOne) {
  for (int k = -1000; k <= 1000; ++k) {
    if (k != 0) expect_near_libm(std::ldexp(1.0, k));
    expect_near_libm(std::ldexp(1.4142135623730949, k));
    expect_near_libm(std::ldexp(1.4142135623730951, k));
  }
  for (double d = 0.4; d > 1e-15; d /= 3) {
    expect_near_libm(1 + d);
    expect_near_libm(1 - d);
  }
}

TEST(FixedLog, OfOneIsExactlyZero) { EXPECT_EQ(fixed_log(1.0), 0.0); }

TEST(FixedLog, TellsNeighbouringWordsApart) {
  for (const std::uint64_t word :
       {0ULL, 1ULL, 1000ULL, 0x7fffffffULL, 0xb504f333ULL, 0xfffffffdULL}) {
    const double u = small_to_double(word + 1) / 4294967296.0;
    const double next = small_to_double(word + 2) / 4294967296.0;
    EXPECT_LT(fixed_log(u), fixed_log(next)) << word;
  }
}

// Computed once: a machine that gives other bits would compute another stream.
TEST(FixedLog, KeepsItsBits) {
  EXPECT_EQ(std::bit_cast<std::uint64_t>(fixed_log(0.5)), 0xbfe62e42fefa39efU);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(fixed_log(0.1)), 0xc0026bb1bbb55515U);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(fixed_log(3.0)), 0x3ff193ea7aad030bU);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(fixed_log(0x1p-32)), 0xc0362e42fefa39efU);
}

/// The error in units in the last place, against libm's long double, which has more digits than a
/// double.
double error_of_exp_ulps(double x) {
  const long double expected = std::exp(static_cast<long double>(x));
  const double ulp =
      std::nextafter(static_cast<double>(expected), INFINITY) - static_cast<double>(expected);
  return static_cast<double>(std::abs((fixed_exp(x) - expected) / ulp));
}

TEST(FixedExp, IsNearTheTrueExponential) {
  const PhiloxStream draws(1, proto::Split::kTrain, 0, 0);
  for (std::uint64_t w = 0; w < 200'000; ++w) {
    const double u = 2 * (draws.word(Purpose::kSelect, w) / 4294967296.0) - 1;
    for (const double reach : {700.0, 30.0, 1.0, 1e-6}) {
      ASSERT_LE(error_of_exp_ulps(reach * u), 2.0) << reach * u;
    }
  }
}

TEST(FixedExp, IsNearTheTrueExponentialWhereItsParametersChange) {
  for (int halves = -2000; halves <= 2000; ++halves) {
    const double x = halves * 0.34657359027997264;  // ½ ln 2
    for (const double near : {std::nextafter(x, -800), x, std::nextafter(x, 800)}) {
      ASSERT_LE(error_of_exp_ulps(near), 2.0) << near;
    }
  }
}

TEST(FixedExp, OfZeroIsExactlyOne) {
  EXPECT_EQ(fixed_exp(0.0), 1.0);
  EXPECT_EQ(fixed_exp(-0.0), 1.0);
}

TEST(FixedExp, KeepsItsBits) {
  EXPECT_EQ(std::bit_cast<std::uint64_t>(fixed_exp(1.0)), 0x4005bf0a8b14576aU);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(fixed_exp(-20.0)), 0x3e21b48655f37267U);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(fixed_exp(-9.2103403719761836)), 0x3f1a36e2eb1c4326U);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(fixed_exp(700.0)), 0x7f0d945df4f8ec8eU);
}

TEST(SmallToDouble, IsExact) {
  for (const std::uint64_t n : {0ULL, 1ULL, 4294967296ULL, (1ULL << 52) - 1}) {
    EXPECT_EQ(small_to_double(n), static_cast<double>(n));
  }
}

}  // namespace
}  // namespace millrace::providers
