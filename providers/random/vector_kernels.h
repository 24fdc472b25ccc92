// The inner loops that compute a sample's bytes, compiled for several instruction sets.
//
// Drawing random words takes most of the time, and Philox's words do not depend on each other. So
// words are drawn in vectors of draw numbers, and decisions are made in branch-free loops over
// blocks of words that fit the first-level cache. Rare work (a random token, a tie) is listed first
// and done one by one. The loops are written once, in providers/random/vector_loops.h, as plain C++
// that the compiler vectorises; vector_portable.cc, vector_avx2.cc and vector_avx512.cc compile
// them for their instruction set, and kernels() returns the widest one that the machine supports.
//
// All of them compute the same bytes: they use integers only, and no result depends on the order of
// operations. vector_kernels_test.cc compares each with the plain definitions. Measured speed:
// docs/how-to/benchmarks.md, "The inner loops".
//
// Everything here is pure and thread-safe. Pointers of different parameters never overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace millrace::providers {

// Philox4x32-10 (providers/random/philox.h): constants of the paper's table 2 and section 4.3.
inline constexpr std::uint32_t kPhiloxMultiplier0 = 0xD2511F53;
inline constexpr std::uint32_t kPhiloxMultiplier1 = 0xCD9E8D57;
inline constexpr std::uint32_t kPhiloxWeyl0 = 0x9E3779B9;  // golden ratio
inline constexpr std::uint32_t kPhiloxWeyl1 = 0xBB67AE85;  // √3 − 1
inline constexpr std::uint32_t kPhiloxRounds = 10;

// BERT's corruption of a selected position, by a random word (providers/masking/corruption.h):
// [MASK] below the first threshold, a random token below the second, else unchanged.
inline constexpr std::uint32_t kMaskBelow = 3435973837;    // round(0.8 · 2^32)
inline constexpr std::uint32_t kRandomBelow = 3865470566;  // round(0.9 · 2^32)

/// Key and counter of the first draw number; the counter's third word is the draw number.
struct PhiloxStart {
  std::uint32_t counter0, counter1, first_draw, counter3;
  std::uint32_t key0, key1;
};

/// Draw numbers, of four words each, that kernels draw at once.
inline constexpr std::size_t kDrawsAtOnce = 16;

/// Loops over tokens of one width.
template <class X>
struct TokenKernels {
  /// to[j] = selected[j] ? token : from[j].
  void (*put)(const X* from, const std::uint8_t* selected, std::size_t count, X token, X* to);

  /// to[j] = selected[j] ? from[j] : other.
  void (*keep)(const X* from, const std::uint8_t* selected, std::size_t count, X other, X* to);

  /// BERT's corruption: x is `original` with the positions where selected[j] == 1 corrupted by
  /// words[j]. A random token is uniform over the ids below `mask`, up to a relative bias below
  /// 10 · mask / 2^32.
  void (*corrupt)(const X* original, const std::uint8_t* selected, const std::uint32_t* words,
                  std::size_t count, X mask, X* x);

  /// x[j] = words[j] <= last ? mask : original[j].
  void (*absorb)(const X* original, const std::uint32_t* words, std::size_t count,
                 std::uint32_t last, X mask, X* x);

  /// x[j] = words[j] <= last ? uniform_below(drawn[j], states) : original[j].
  void (*redraw)(const X* original, const std::uint32_t* words, const std::uint32_t* drawn,
                 std::size_t count, std::uint32_t last, std::uint32_t states, X* x);
};

/// Counts of a sample's unselected positions, by their neighbours.
struct ClassCounts {
  std::size_t alone = 0;   ///< without a selected neighbour
  std::size_t beside = 0;  ///< with a selected neighbour
};

struct Kernels {
  const char* name;

  /// Writes the 4 · draws words of draw numbers [first_draw, first_draw + draws). draws is a
  /// multiple of kDrawsAtOnce.
  void (*draw)(const PhiloxStart& start, std::size_t draws, std::uint32_t* words);

  /// Writes word j for every position j with selected[j] == 1; other words may be written or not.
  /// `words` has room for count words, rounded up to whole groups of kDrawsAtOnce draw numbers.
  void (*draw_where)(const PhiloxStart& start, const std::uint8_t* selected, std::size_t count,
                     std::uint32_t* words);

  /// selected[j] = words[j] <= last.
  void (*select_to)(const std::uint32_t* words, std::size_t count, std::uint32_t last,
                    std::uint8_t* selected);

  /// For sticky masking: splits the unselected positions by their neighbours. alone[j] is
  /// max(1, words[j]) at a position without a selected neighbour, beside[j] at one with; elsewhere
  /// both are 0. Reads selected[-1] and selected[count].
  ClassCounts (*split)(const std::uint8_t* selected, const std::uint32_t* words, std::size_t count,
                       std::uint32_t* alone, std::uint32_t* beside);

  /// Number of values above the limit.
  std::size_t (*count_above)(const std::uint32_t* values, std::size_t count, std::uint32_t limit);

  /// Sets selected[j] = 1 where alone[j] > alone_limit or beside[j] > beside_limit.
  void (*mark_above)(const std::uint32_t* alone, const std::uint32_t* beside, std::size_t count,
                     std::uint32_t alone_limit, std::uint32_t beside_limit, std::uint8_t* selected);

  /// Lists the positions above the limits `some` but not above the limits `sure`, and returns their
  /// number. They should be few. `positions` has room for count.
  std::size_t (*list_between)(const std::uint32_t* alone, const std::uint32_t* beside,
                              std::size_t count, std::uint32_t sure_alone,
                              std::uint32_t sure_beside, std::uint32_t some_alone,
                              std::uint32_t some_beside, std::uint32_t* positions);

  /// Lists the positions with ones[j] == 1 and returns their number. `positions` has room for
  /// count.
  std::size_t (*list_ones)(const std::uint8_t* ones, std::size_t count, std::uint32_t* positions);

  TokenKernels<std::uint8_t> u8;
  TokenKernels<std::uint16_t> u16;
  TokenKernels<std::uint32_t> u32;

  template <class X>
  [[nodiscard]] const TokenKernels<X>& tokens() const {
    if constexpr (sizeof(X) == 1) {
      return u8;
    } else if constexpr (sizeof(X) == 2) {
      return u16;
    } else {
      return u32;
    }
  }
};

/// The fastest that this machine can run.
[[nodiscard]] const Kernels& kernels();

/// All that this machine can run, slowest first.
[[nodiscard]] std::span<const Kernels* const> available_kernels();

extern const Kernels kPortableKernels;
#if defined(MILLRACE_X86_KERNELS)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
#endif

}  // namespace millrace::providers
