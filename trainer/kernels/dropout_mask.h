// Which elements a dropout keeps: a hash of a key and the element's number decides, so that the
// mask need not be kept.
#pragma once

#include <cstdint>

namespace millrace::trainer {

/// Element i is kept where a hash of (key, i) is at least `below`.
struct DropoutMask {
  std::uint32_t key_low = 0, key_high = 0;
  std::uint32_t below = 0;  ///< the probability of dropping · 2^32
  float scale = 1.0F;       ///< of what is kept
};

}  // namespace millrace::trainer
