// Input x and target y of a sample, from its original tokens and selected positions.
//
// BERT's corruption of a selected position j by u = word j of kCorrupt: [MASK] if u is below 80 %
// of 2^32, a random token other than [MASK] in the next 10 %, unchanged in the last 10 %
// (providers/random/vector_kernels.h). Pure and thread-safe.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

#include "providers/masking/masking.h"
#include "providers/random/philox.h"
#include "providers/random/vector_kernels.h"

namespace millrace::providers {

/// Writes x: the original with its selected positions corrupted. [MASK] has the last id; all ids
/// below it are tokens.
template <class X>
void corrupt(std::span<const X> original, std::span<const std::uint8_t> selected, Corruption how,
             std::uint32_t mask_token_id, const PhiloxStream& draws, std::span<X> x) {
  const X mask = static_cast<X>(mask_token_id);
  if (how == Corruption::kAllMask) {
    kernels().tokens<X>().put(original.data(), selected.data(), x.size(), mask, x.data());
    return;
  }
  const auto words = draws.words_where(Purpose::kCorrupt, selected.first(x.size()));
  kernels().tokens<X>().corrupt(original.data(), selected.data(), words.data(), x.size(), mask,
                                x.data());
}

/// Writes y: the original at selected positions, the sentinel (Y's largest value) elsewhere.
template <class X, class Y>
void partial_targets(std::span<const X> original, std::span<const std::uint8_t> selected,
                     std::span<Y> y) {
  constexpr Y kSentinel = std::numeric_limits<Y>::max();
  if constexpr (std::is_same_v<X, Y>) {
    kernels().tokens<X>().keep(original.data(), selected.data(), y.size(), kSentinel, y.data());
  } else {  // Y is wider than X: the sentinel does not fit X
    for (std::size_t j = 0; j < y.size(); ++j) {
      y[j] = selected[j] != 0 ? static_cast<Y>(original[j]) : kSentinel;
    }
  }
}

}  // namespace millrace::providers
