// The random words of a stream: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random
// numbers: as easy as 1, 2, 3", SC'11).
//
// A counter-based generator has no state: a random word is a function of a key and a counter, so
// any process can draw any sample at any time. Key: the 64-bit data seed. Counter: (index low,
// index high, draw number, split << 24 | stage << 8 | purpose). docs/reference/philox.md shows the
// layout with a worked example. Everything here is pure and thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "proto/types.h"

namespace millrace::providers {

/// The use of a random word: one byte of the counter, so that no two uses share a word. Add new
/// ones at the end and never renumber: the numbers are part of every stream's bytes.
enum class Purpose : std::uint8_t {
  kStart = 0,      ///< start of a sample in the corpus
  kSelect = 1,     ///< selection of positions
  kCorrupt = 2,    ///< corruption of a selected position
  kTime = 3,       ///< times of diffusion samples; index = group of t_group samples
  kMix = 4,        ///< order of stages within a cycle; index = cycle
  kRatio = 5,      ///< masking ratio of a sample
  kOrder = 6,      ///< order of val and test, index = pass; of train windows, index = epoch
  kWeights = 7,    ///< transition weights of Markov sources
  kText = 8,       ///< characters of generated texts, or choices in their lines
  kShift = 9,      ///< shift of the windows of an epoch; index = epoch
  kMixture = 10,   ///< assignment of a block's samples to datasets; index = block
  kReplace = 11,   ///< random token of a selected position
  kFragment = 12,  ///< start of a copied fragment
};

using PhiloxBlock = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

/// The four words of one counter.
[[nodiscard]] PhiloxBlock philox4x32_10(PhiloxBlock counter, PhiloxKey key);

/// floor(word · n / 2^32): a value below n. Not exactly uniform: the numbers of words that give two
/// values differ by at most one, a relative bias below n / 2^32.
[[nodiscard]] constexpr std::uint32_t uniform_below(std::uint32_t word, std::uint32_t n) {
  return static_cast<std::uint32_t>((std::uint64_t{word} * n) >> 32);
}

/// floor(a · b / 2^64).
[[nodiscard]] constexpr std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kLow = 0xffffffff;
  const std::uint64_t low = ((a & kLow) * (b & kLow)) >> 32;
  // No overflow: at most (2^32 − 1)^2 + 2^32 − 2.
  const std::uint64_t middle = (a >> 32) * (b & kLow) + low;
  const std::uint64_t other = (a & kLow) * (b >> 32) + (middle & kLow);  // the same bound
  return (a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32);
}

/// The same from a 64-bit word, for large n: floor((high · 2^32 + low) · n / 2^64), relative bias
/// below n / 2^64.
[[nodiscard]] constexpr std::uint64_t uniform_below(std::uint32_t low, std::uint32_t high,
                                                    std::uint64_t n) {
  return multiply_high(std::uint64_t{high} << 32 | low, n);
}

struct PhiloxStart;  // providers/random/vector_kernels.h

/// The random words of one sample (or of one cycle, pass or epoch), any number for each purpose.
/// Word w of a purpose is lane w mod 4 of draw number w div 4 (modulo 2^32).
class PhiloxStream {
 public:
  PhiloxStream(std::uint64_t seed, proto::Split split, std::uint8_t stage, std::uint64_t index);
  bool operator==(const PhiloxStream&) const = default;

  [[nodiscard]] std::uint32_t word(Purpose purpose, std::uint64_t w) const;

  /// uniform_below(word 0, word 1, n).
  [[nodiscard]] std::uint64_t below(Purpose purpose, std::uint64_t n) const;

  /// Words [first, first + count), faster than one by one. They lie in memory of the calling
  /// thread, which its next call of words(), words_where() or words_of_two() overwrites.
  [[nodiscard]] std::span<const std::uint32_t> words(Purpose purpose, std::uint64_t first,
                                                     std::size_t count) const;

  /// Word j at every position j with selected[j] == 1, anything elsewhere; in the same memory.
  /// Faster than all words if few positions are selected.
  [[nodiscard]] std::span<const std::uint32_t> words_where(
      Purpose purpose, std::span<const std::uint8_t> selected) const;

  /// Words [0, count) of two purposes; in the same memory.
  [[nodiscard]] std::array<std::span<const std::uint32_t>, 2> words_of_two(Purpose one,
                                                                           Purpose other,
                                                                           std::size_t count) const;

 private:
  [[nodiscard]] PhiloxStart start(Purpose purpose, std::uint64_t first_draw) const;
  void draw(Purpose purpose, std::uint64_t first_draw, std::size_t draws,
            std::uint32_t* words) const;
  [[nodiscard]] PhiloxBlock block(Purpose purpose, std::uint64_t draw_number) const;

  PhiloxKey key_;
  PhiloxBlock counter_;  ///< with draw number 0 and purpose 0
};

}  // namespace millrace::providers
