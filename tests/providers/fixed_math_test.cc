#include "providers/fixed_math.h"

#include <cmath>

#include <gtest/gtest.h>

#include "providers/philox.h"

namespace millrace::providers {
namespace {

/// How many doubles lie between two of the same sign.
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
  const Draws draws(1, proto::Split::kTrain, 0, 0);
  for (std::uint64_t w = 0; w < 200'000; ++w) expect_near_libm((draws.word(Purpose::kSelect, w) + 1.0) / 4294967296.0);
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
  for (const std::uint64_t word : {0ULL, 1ULL, 1000ULL, 0x7fffffffULL, 0xb504f333ULL, 0xfffffffdULL}) {
    const double u = small_to_double(word + 1) / 4294967296.0;
    const double next = small_to_double(word + 2) / 4294967296.0;
    EXPECT_LT(fixed_log(u), fixed_log(next)) << word;
  }
}

// The same bits everywhere: these were computed once, and a machine that gives others would compute another stream.
TEST(FixedLog, KeepsItsBits) {
  EXPECT_EQ(std::bit_cast<std::uint64_t>(fixed_log(0.5)), 0xbfe62e42fefa39efU);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(fixed_log(0.1)), 0xc0026bb1bbb55515U);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(fixed_log(3.0)), 0x3ff193ea7aad030bU);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(fixed_log(0x1p-32)), 0xc0362e42fefa39efU);
}

TEST(SmallToDouble, IsExact) {
  for (const std::uint64_t n : {0ULL, 1ULL, 4294967296ULL, (1ULL << 52) - 1}) {
    EXPECT_EQ(small_to_double(n), static_cast<double>(n));
  }
}

}  // namespace
}  // namespace millrace::providers
