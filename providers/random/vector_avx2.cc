// The loops for AVX2: eight words at once. Compiled with -mavx2 (providers/random/CMakeLists.txt),
// run only on machines that have it.
#include <immintrin.h>

#include "providers/random/vector_loops.h"

namespace millrace::providers {
namespace {

struct FourLanes : CorruptByBytes {
  using V = __m256i;
  static constexpr std::size_t kBlocks = 4;
  static V all(std::uint64_t word) { return _mm256_set1_epi64x(static_cast<long long>(word)); }
  static V numbers(std::uint32_t first) {
    return _mm256_add_epi64(all(first), _mm256_setr_epi64x(0, 1, 2, 3));
  }
  static V multiply(V a, V b) { return _mm256_mul_epu32(a, b); }
  static V upper(V a) { return _mm256_srli_epi64(a, 32); }
  static V three_xor(V a, V b, V c) { return _mm256_xor_si256(_mm256_xor_si256(a, c), b); }

  /// The lower halves of two lanes, side by side.
  static V pair(V low, V high) {
    return _mm256_blend_epi32(low, _mm256_slli_epi64(high, 32), 0b10101010);
  }

  static void store(V a, V b, V c, V d, std::uint32_t* words) {
    const V front = pair(a, b);
    const V back = pair(c, d);
    const V even = _mm256_unpacklo_epi64(front, back);  // draw numbers 0 and 2
    const V odd = _mm256_unpackhi_epi64(front, back);   // draw numbers 1 and 3
    _mm256_storeu_si256(reinterpret_cast<V*>(words), _mm256_permute2x128_si256(even, odd, 0x20));
    _mm256_storeu_si256(reinterpret_cast<V*>(words + 8),
                        _mm256_permute2x128_si256(even, odd, 0x31));
  }
};

}  // namespace

constexpr Kernels kAvx2Kernels = make_kernels<FourLanes>("avx2");

}  // namespace millrace::providers
