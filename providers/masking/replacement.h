// Corruption of char_random_replacement: a selected position becomes a random token, [MASK] or part
// of a copied fragment, by weights.
//
// Every decision compares integers; docs/reference/char_random_replacement.md defines them.
// Immutable and thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "config/options.h"
#include "providers/random/philox.h"

namespace millrace::providers {

class Replacement {
 public:
  /// With the recipe's weights. `tokens`: the number of token ids, which is also the id of [MASK].
  Replacement(const config::ProviderOptions& options, std::uint32_t tokens);

  /// The same with random tokens only, as val and test are corrupted.
  [[nodiscard]] Replacement random_only() const;

  [[nodiscard]] bool has_fragments() const { return mask_below_ < kOne; }

  /// Writes x: the original with its selected positions replaced. A position that is copied takes
  /// the token at its own offset in `fragment`, which is as long as the sample; if `fragment` is
  /// empty, [MASK].
  template <class X>
  void apply(std::span<const X> original, std::span<const std::uint8_t> selected,
             std::span<const X> fragment, const PhiloxStream& draws, std::span<X> x) const {
    std::copy(original.begin(), original.end(), x.begin());
    const auto [decisions, replacements] =
        draws.words_of_two(Purpose::kCorrupt, Purpose::kReplace, x.size());
    for (const std::uint32_t j : list(selected)) {
      if (decisions[j] < random_below_) {
        x[j] = static_cast<X>(random_token(replacements[j], original[j]));
      } else {
        const bool copies = decisions[j] >= mask_below_ && !fragment.empty();
        x[j] = copies ? fragment[j] : static_cast<X>(tokens_);
      }
    }
  }

  /// The random token of a word, given the original.
  [[nodiscard]] std::uint32_t random_token(std::uint32_t word, std::uint32_t original) const;

 private:
  static constexpr std::uint64_t kOne = std::uint64_t{1} << 32;

  /// The selected positions, in memory of the calling thread that its next call overwrites.
  [[nodiscard]] static std::span<const std::uint32_t> list(std::span<const std::uint8_t> selected);

  std::uint32_t tokens_;
  std::uint64_t random_below_;    ///< word below this: a random token
  std::uint64_t mask_below_;      ///< else word below this: [MASK]; else a copy
  std::uint64_t original_below_;  ///< random token: word below this gives the original
};

}  // namespace millrace::providers
