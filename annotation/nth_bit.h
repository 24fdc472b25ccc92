// The position of the n-th set bit of a word, without loops and without instructions that plain
// x86-64 lacks (there, counting bits is a function call). Source: S. Vigna, "Broadword
// implementation of rank/select queries", 2008.
#pragma once

#include <cstdint>

namespace millrace::annotation {

/// The low and the high bit of every byte.
inline constexpr std::uint64_t kLowBits = 0x0101010101010101, kHighBits = 0x8080808080808080;

/// In byte k: the number of set bits in bytes 0 … k of `word`; in the highest byte: in all of it.
[[nodiscard]] constexpr std::uint64_t counts_up_to_bytes(std::uint64_t word) {
  word -= word >> 1 & 0x5555555555555555;
  word = (word & 0x3333333333333333) + (word >> 2 & 0x3333333333333333);
  word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0f;
  return word * kLowBits;
}

/// The number of bytes of `counts` that are at most n < 128; all bytes must be below 128.
[[nodiscard]] constexpr unsigned bytes_not_above(std::uint64_t counts, std::uint64_t n) {
  const std::uint64_t marks = ((n * kLowBits | kHighBits) - counts) & kHighBits;
  return static_cast<unsigned>((marks >> 7) * kLowBits >> 56);
}

/// The position of set bit n, counted from 0 and from the lowest. `word` must have more than n set
/// bits; `counts`: its counts_up_to_bytes().
[[nodiscard]] constexpr unsigned nth_bit(std::uint64_t word, std::uint64_t counts,
                                         std::uint64_t n) {
  const unsigned first = 8 * bytes_not_above(counts, n);
  n -= counts << 8 >> first & 0xff;
  // Spreads the byte: bit k to byte k.
  const std::uint64_t spread = (word >> first & 0xff) * kLowBits & 0x8040201008040201;
  return first + bytes_not_above(((spread + ~kHighBits) >> 7 & kLowBits) * kLowBits, n);
}

}  // namespace millrace::annotation
