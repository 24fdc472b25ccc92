// The inner loops that make a sample's bytes, once for every instruction set that is worth it.
//
// The idea: a stream is fast where its random words are, and Philox's words do not depend on each
// other. So words are drawn in vectors of draw numbers, and what is decided by them is decided in
// loops without branches over whole blocks of them, which lie in the first cache level; rare work
// (a random token, a tie to be broken) is listed first and done one by one. The loops stand once,
// in providers/random/vector_loops.h, as plain C++ that the compiler turns into vectors;
// vector_portable.cc, vector_avx2.cc and vector_avx512.cc compile them with their instruction set,
// and kernels() takes the widest that this machine has, once.
//
// All of them compute the same bytes: integers only, and no order of operations that could matter.
// vector_kernels_test.cc compares every one with the plain definitions. Worth, on one core of an
// AMD EPYC with AVX-512: docs/how-to/benchmarks.md, "The inner loops".
//
// Everything here is pure and thread-safe. Pointers of different parameters never overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace millrace::providers {

/// The counter and key of providers/random/philox.h, whose third word is the draw number.
struct PhiloxStart {
  std::uint32_t counter0, counter1, first_draw, counter3;
  std::uint32_t key0, key1;
};

/// Kernels draw so many draw numbers of four words at once.
inline constexpr std::size_t kDrawsAtOnce = 16;

/// What is done to tokens of one width.
template <class X>
struct TokenKernels {
  /// to[j] = selected[j] ? token : from[j].
  void (*put)(const X* from, const std::uint8_t* selected, std::size_t count, X token, X* to);

  /// to[j] = selected[j] ? from[j] : other.
  void (*keep)(const X* from, const std::uint8_t* selected, std::size_t count, X other, X* to);

  /// BERT's corruption (providers/masking/corruption.h): x from `original`, of which the positions
  /// with selected[j] == 1 are corrupted.
  void (*corrupt)(const X* original, const std::uint8_t* selected, const std::uint32_t* words,
                  std::size_t count, X mask, X* x);

  /// x[j] = words[j] <= last ? mask : original[j].
  void (*absorb)(const X* original, const std::uint32_t* words, std::size_t count,
                 std::uint32_t last, X mask, X* x);

  /// x[j] = words[j] <= last ? uniform_below(drawn[j], states) : original[j].
  void (*redraw)(const X* original, const std::uint32_t* words, const std::uint32_t* drawn,
                 std::size_t count, std::uint32_t last, std::uint32_t states, X* x);
};

/// The unselected positions of a sample, by whether they lie beside a selected one.
struct ClassCounts {
  std::size_t alone = 0;
  std::size_t beside = 0;
};

struct Kernels {
  const char* name;

  /// Writes words 0 … 4 · draws − 1 from first_draw on; draws is a multiple of kDrawsAtOnce.
  void (*draw)(const PhiloxStart& start, std::size_t draws, std::uint32_t* words);

  /// Writes the words of the draw numbers from first_draw on in which a position is selected, word
  /// j for position j; other words are written or not. `words` has room for `count` of them and for
  /// whole kDrawsAtOnce.
  void (*draw_where)(const PhiloxStart& start, const std::uint8_t* selected, std::size_t count,
                     std::uint32_t* words);

  /// selected[j] = words[j] <= last.
  void (*select_to)(const std::uint32_t* words, std::size_t count, std::uint32_t last,
                    std::uint8_t* selected);

  /// For sticky masking. alone[j] is max(1, words[j]) at a position that is unselected and beside
  /// no selected one, beside[j] at one that is unselected and beside a selected one; else they are
  /// 0. selected[-1] and selected[count] are read.
  ClassCounts (*split)(const std::uint8_t* selected, const std::uint32_t* words, std::size_t count,
                       std::uint32_t* alone, std::uint32_t* beside);

  /// How many are above the limit.
  std::size_t (*count_above)(const std::uint32_t* values, std::size_t count, std::uint32_t limit);

  /// Sets selected[j] = 1 where alone[j] > alone_limit or beside[j] > beside_limit.
  void (*mark_above)(const std::uint32_t* alone, const std::uint32_t* beside, std::size_t count,
                     std::uint32_t alone_limit, std::uint32_t beside_limit, std::uint8_t* selected);

  /// Lists the positions that the limits `some` take and `sure` do not, which are few, and returns
  /// how many; positions has room for count.
  std::size_t (*list_between)(const std::uint32_t* alone, const std::uint32_t* beside,
                              std::size_t count, std::uint32_t sure_alone,
                              std::uint32_t sure_beside, std::uint32_t some_alone,
                              std::uint32_t some_beside, std::uint32_t* positions);

  /// Lists the positions with ones[j] == 1 and returns how many; positions has room for count.
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

/// The fastest on this machine.
[[nodiscard]] const Kernels& kernels();

/// All that this machine can run, the slowest first.
[[nodiscard]] std::span<const Kernels* const> available_kernels();

extern const Kernels kPortableKernels;
#if defined(MILLRACE_X86_KERNELS)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
#endif

}  // namespace millrace::providers
