// xxh64 (seed 0) with its four accumulators in one vector register, for machines that multiply
// 64-bit lanes fast. There it is nearly twice as fast as one accumulator after the other, and four
// times as fast for two inputs at once. It gives the same values. Algorithm:
// github.com/Cyan4973/xxHash, doc/xxhash_spec.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace millrace::proto {

/// Whether this machine has a fast AVX-512 product of 64-bit lanes: 3 cycles on AMD's processors,
/// against 15 on Intel's.
[[nodiscard]] bool multiplies_lanes_fast();

/// The xxh64 of `bytes`. Only where multiplies_lanes_fast().
[[nodiscard]] std::uint64_t xxh64_by_lanes(std::span<const std::byte> bytes);
/// The xxh64 of each of two inputs, in little more time than the longer one takes alone.
[[nodiscard]] std::pair<std::uint64_t, std::uint64_t> xxh64_by_lanes(
    std::span<const std::byte> first, std::span<const std::byte> second);

}  // namespace millrace::proto
