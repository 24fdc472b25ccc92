// The loops for any machine: the compiler's baseline vectors, and Philox in scalar registers, where
// the multiplications of consecutive blocks overlap. (On x86-64, 128-bit vectors are slower at
// Philox.)
#include "providers/random/vector_loops.h"

namespace millrace::providers {
namespace {

struct OneLane : CorruptByBytes {
  using V = std::uint64_t;
  static constexpr std::size_t kBlocks = 1;
  static V all(std::uint64_t word) { return word; }
  static V numbers(std::uint32_t first) { return first; }
  static V multiply(V a, V b) { return (a & 0xffffffff) * (b & 0xffffffff); }
  static V upper(V a) { return a >> 32; }
  static V three_xor(V a, V b, V c) { return a ^ b ^ c; }
  static void store(V a, V b, V c, V d, std::uint32_t* words) {
    words[0] = static_cast<std::uint32_t>(a);
    words[1] = static_cast<std::uint32_t>(b);
    words[2] = static_cast<std::uint32_t>(c);
    words[3] = static_cast<std::uint32_t>(d);
  }
};

}  // namespace

constexpr Kernels kPortableKernels = make_kernels<OneLane>("portable");

}  // namespace millrace::providers
