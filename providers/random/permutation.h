// Random orders that anybody can recompute: one that is never written out, for large n, and one
// that is, for small n. Pure and thread-safe.
#pragma once

#include <cstdint>
#include <span>

#include "providers/random/philox.h"

namespace millrace::providers {

/// Entry i of a permutation of 0 … n − 1 (i < n), keyed by `draws` and `purpose`. A Feistel network
/// on the smallest even number of bits that holds n, walked until the value is below n (Black &
/// Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002); of eight rounds, and of four
/// above 2^32 (Luby & Rackoff, SIAM J. Comput. 17, 1988, say why these are enough), where a block's
/// four lanes are the four rounds' functions. Entries are spread evenly; for n below about 10 not
/// all n! orders come equally often: use shuffle() there. Whoever asks for the same order again and
/// again is answered faster: up to 64 KiB a thread, and a call of Draws::words().
[[nodiscard]] std::uint64_t permuted(const PhiloxStream& draws, Purpose purpose, std::uint64_t n,
                                     std::uint64_t i);

/// Writes a uniformly random order of 0 … n − 1 into `order`, n = order.size() (Fisher–Yates; step
/// s uses word s of the purpose).
void shuffle(const PhiloxStream& draws, Purpose purpose, std::span<std::uint8_t> order);

/// Brings the values into a uniformly random order, alike; there are at most 2^16.
void shuffle_values(const PhiloxStream& draws, Purpose purpose, std::span<std::uint8_t> values);

}  // namespace millrace::providers
