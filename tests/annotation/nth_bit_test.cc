// The n-th set bit of a word, against a loop.
#include "annotation/nth_bit.h"

#include <gtest/gtest.h>

#include <bit>
#include <random>

namespace millrace::annotation {
namespace {

void expect_found(std::uint64_t word) {
  const std::uint64_t counts = counts_up_to_bytes(word);
  ASSERT_EQ(counts >> 56, static_cast<std::uint64_t>(std::popcount(word)));
  unsigned n = 0;
  for (std::uint64_t rest = word; rest != 0; rest &= rest - 1, ++n) {
    ASSERT_EQ(nth_bit(word, counts, n), static_cast<unsigned>(std::countr_zero(rest)))
        << std::hex << word << " bit " << n;
  }
}

TEST(NthBit, IsThatOfALoop) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (unsigned at = 0; at < 64; at += 8) {
      expect_found(std::uint64_t{byte} << at);
      expect_found(~(std::uint64_t{byte} << at));
    }
  }
  std::mt19937_64 random(1);
  for (int i = 0; i < 10000; ++i) {
    const std::uint64_t word = random();
    expect_found(word);
    expect_found(word & random() & random());
    expect_found(word | random() | random());
  }
}

}  // namespace
}  // namespace millrace::annotation
