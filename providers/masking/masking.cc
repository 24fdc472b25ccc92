// Independent selection of positions.
#include "providers/masking/masking.h"

#include <algorithm>

#include "providers/random/vector_kernels.h"

namespace millrace::providers {

void select_below(const PhiloxStream& draws, std::uint64_t threshold,
                  std::span<std::uint8_t> selected) {
  if (threshold == 0) {
    std::fill(selected.begin(), selected.end(), std::uint8_t{0});
    return;
  }
  const auto last = static_cast<std::uint32_t>(threshold - 1);  // 2^32 itself does not fit
  const auto words = draws.words(Purpose::kSelect, 0, selected.size());
  kernels().select_to(words.data(), selected.size(), last, selected.data());
}

}  // namespace millrace::providers
