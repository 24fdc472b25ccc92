// A dropout mask as a hash of a key and the element's number: it is recomputed in the backward
// pass, not stored.
#pragma once

#include <cstdint>

namespace millrace::trainer {

/// Drops element i where a hash of (key, i) is below `below`; pointwise_loops.h has the hash.
struct DropoutMask {
  std::uint32_t key_low = 0, key_high = 0;
  std::uint32_t below = 0;  ///< the probability of dropping an element · 2^32
  float scale = 1.0F;       ///< the factor of elements that are kept
};

}  // namespace millrace::trainer
