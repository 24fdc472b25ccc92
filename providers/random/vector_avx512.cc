// The loops for AVX-512 (F, BW, DQ, VL): sixteen words at once. Compiled with these extensions
// (providers/random/CMakeLists.txt), run only on machines that have all of them.
#include <immintrin.h>

#include <type_traits>

#include "providers/random/vector_loops.h"

namespace millrace::providers {
namespace {

struct EightLanes {
  using V = __m512i;
  static constexpr std::size_t kBlocks = 8;
  static V all(std::uint64_t word) { return _mm512_set1_epi64(static_cast<long long>(word)); }
  static V numbers(std::uint32_t first) {
    return _mm512_add_epi64(all(first), _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static V numbers(std::uint32_t first, const std::uint32_t* behind) {
    return _mm512_add_epi64(
        all(first),
        _mm512_cvtepu32_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(behind))));
  }
  static V multiply(V a, V b) { return _mm512_mul_epu32(a, b); }
  static V upper(V a) { return _mm512_srli_epi64(a, 32); }
  static V three_xor(V a, V b, V c) { return _mm512_ternarylogic_epi64(a, b, c, 0x96); }

  /// The lower halves of two lanes, side by side.
  static V pair(V low, V high) {
    return _mm512_mask_blend_epi32(0xAAAA, low, _mm512_slli_epi64(high, 32));
  }

  static void store(V a, V b, V c, V d, std::uint32_t* words) {
    const V front = pair(a, b);
    const V back = pair(c, d);
    const V lower = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
    const V higher = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
    _mm512_storeu_si512(words, _mm512_permutex2var_epi64(front, lower, back));
    _mm512_storeu_si512(words + 16, _mm512_permutex2var_epi64(front, higher, back));
  }

  /// A bit for each of the first `count` of 64 positions.
  static std::uint64_t first(std::size_t count) {
    return count < 64 ? (std::uint64_t{1} << count) - 1 : ~std::uint64_t{0};
  }

  /// Lists the groups of four positions with a selected one, by number. Writes up to 16 numbers
  /// more.
  static std::size_t list_fours(const std::uint8_t* selected, std::size_t count,
                                std::uint32_t* numbers) {
    V next = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    std::size_t listed = 0;
    for (std::size_t at = 0; at < count;
         at += 64, next = _mm512_add_epi32(next, _mm512_set1_epi32(16))) {
      const V flags = _mm512_maskz_loadu_epi8(first(count - at), selected + at);
      const __mmask16 some = _mm512_test_epi32_mask(flags, flags);
      _mm512_storeu_si512(numbers + listed, _mm512_maskz_compress_epi32(some, next));
      listed += static_cast<std::size_t>(__builtin_popcount(some));
    }
    return listed;
  }

  /// A bit for each of 64 words that is at most `last`; words outside `here` are not read.
  static std::uint64_t at_most(const std::uint32_t* words, std::uint64_t here, std::uint32_t last) {
    std::uint64_t bits = 0;
    for (unsigned at = 0; at < 64; at += 16) {
      const auto some = static_cast<__mmask16>(here >> at);
      const V loaded = _mm512_maskz_loadu_epi32(some, words + at);
      bits |= std::uint64_t{_mm512_mask_cmple_epu32_mask(some, loaded,
                                                         _mm512_set1_epi32(static_cast<int>(last)))}
              << at;
    }
    return bits;
  }

  /// x is `token` where a bit of `to` is set and `from` elsewhere, at the positions `here` of one
  /// register.
  static void put_one(const std::uint8_t* from, __mmask64 here, __mmask64 to, std::uint8_t token,
                      std::uint8_t* x) {
    const V tokens = _mm512_maskz_loadu_epi8(here, from);
    _mm512_mask_storeu_epi8(
        x, here, _mm512_mask_blend_epi8(to, tokens, _mm512_set1_epi8(static_cast<char>(token))));
  }
  static void put_one(const std::uint16_t* from, __mmask32 here, __mmask32 to, std::uint16_t token,
                      std::uint16_t* x) {
    const V tokens = _mm512_maskz_loadu_epi16(here, from);
    _mm512_mask_storeu_epi16(
        x, here, _mm512_mask_blend_epi16(to, tokens, _mm512_set1_epi16(static_cast<short>(token))));
  }
  static void put_one(const std::uint32_t* from, __mmask16 here, __mmask16 to, std::uint32_t token,
                      std::uint32_t* x) {
    const V tokens = _mm512_maskz_loadu_epi32(here, from);
    _mm512_mask_storeu_epi32(
        x, here, _mm512_mask_blend_epi32(to, tokens, _mm512_set1_epi32(static_cast<int>(token))));
  }

  /// The same for the positions `here` of 64.
  template <class X>
  static void put_64(const X* from, std::uint64_t here, std::uint64_t to, X token, X* x) {
    using Mask = std::conditional_t<sizeof(X) == 1, __mmask64,
                                    std::conditional_t<sizeof(X) == 2, __mmask32, __mmask16>>;
    for (unsigned at = 0; at < 64; at += 64 / sizeof(X)) {
      put_one(from + at, static_cast<Mask>(here >> at), static_cast<Mask>(to >> at), token, x + at);
    }
  }

  template <class X>
  static void corrupt(const X* original, const std::uint8_t* selected, const std::uint32_t* words,
                      std::size_t count, X mask, X* x) {
    for (std::size_t at = 0; at < count; at += 64) {
      const std::uint64_t here = first(count - at);
      const V flags = _mm512_maskz_loadu_epi8(here, selected + at);
      const std::uint64_t chosen = _mm512_test_epi8_mask(flags, flags);
      const std::uint64_t masks = at_most(words + at, here, kMaskBelow - 1);
      put_64(original + at, here, chosen & masks, mask, x + at);
      std::uint64_t random = chosen & ~masks & at_most(words + at, here, kRandomBelow - 1);
      for (; random != 0; random &= random - 1) {
        const std::size_t j = at + static_cast<std::size_t>(__builtin_ctzll(random));
        x[j] = random_token(words[j], mask);
      }
    }
  }
};

}  // namespace

constexpr Kernels kAvx512Kernels = make_kernels<EightLanes>("avx512");

}  // namespace millrace::providers
