// The loops for AVX-512 (F, BW, DQ, VL): sixteen words at once. Compiled with these (providers/CMakeLists.txt), run only where the
// machine has them all.
#include <immintrin.h>

#include "providers/vector_loops.h"

namespace millrace::providers {
namespace {

struct EightLanes {
  using V = __m512i;
  static constexpr std::size_t kBlocks = 8;
  static V all(std::uint64_t word) { return _mm512_set1_epi64(static_cast<long long>(word)); }
  static V numbers(std::uint32_t first) { return _mm512_add_epi64(all(first), _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7)); }
  static V multiply(V a, V b) { return _mm512_mul_epu32(a, b); }
  static V upper(V a) { return _mm512_srli_epi64(a, 32); }
  static V three_xor(V a, V b, V c) { return _mm512_ternarylogic_epi64(a, b, c, 0x96); }

  /// A lane's lower halves side by side.
  static V pair(V low, V high) { return _mm512_mask_blend_epi32(0xAAAA, low, _mm512_slli_epi64(high, 32)); }

  static void store(V a, V b, V c, V d, std::uint32_t* words) {
    const V front = pair(a, b);
    const V back = pair(c, d);
    const V lower = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
    const V higher = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
    _mm512_storeu_si512(words, _mm512_permutex2var_epi64(front, lower, back));
    _mm512_storeu_si512(words + 16, _mm512_permutex2var_epi64(front, higher, back));
  }
};

}  // namespace

constexpr Kernels kAvx512Kernels = make_kernels<EightLanes>("avx512");

}  // namespace millrace::providers
