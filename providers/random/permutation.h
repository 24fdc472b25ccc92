// Reproducible random permutations: one computed entry by entry, for large n, and one written out,
// for small n. Pure and thread-safe.
#pragma once

#include <cstdint>
#include <span>

#include "providers/random/philox.h"

namespace millrace::providers {

/// Entry i of a permutation of 0 … n − 1 (i < n), keyed by `draws` and `purpose`.
///
/// A Feistel network on the smallest even number of bits that holds n, applied again until the
/// value is below n (cycle walking: Black & Rogaway, "Ciphers with arbitrary finite domains",
/// CT-RSA 2002). It has eight rounds; above 2^32 four, whose functions are the four lanes of a
/// block (Luby & Rackoff, SIAM J. Comput. 17, 1988, show why these are enough). Entries are spread
/// evenly, but for n below about 10 not all n! orders are equally likely: use shuffle() there.
/// Repeated calls for the same permutation are faster: each thread caches up to 64 KiB, by a call
/// of PhiloxStream::words().
[[nodiscard]] std::uint64_t permuted(const PhiloxStream& draws, Purpose purpose, std::uint64_t n,
                                     std::uint64_t i);

/// Writes a uniformly random order of 0 … n − 1 into `order`, n = order.size() (Fisher–Yates; step
/// s uses word s of the purpose).
void shuffle(const PhiloxStream& draws, Purpose purpose, std::span<std::uint8_t> order);

/// Shuffles the values in the same way; at most 2^16 of them.
void shuffle_values(const PhiloxStream& draws, Purpose purpose, std::span<std::uint8_t> values);

}  // namespace millrace::providers
