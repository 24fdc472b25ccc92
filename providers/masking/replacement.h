// What a selected position of char_random_replacement becomes: a random token, [MASK] or a piece of
// another text, by weights.
//
// Every decision compares integers; docs/reference/char_random_replacement.md defines them. Pure
// and thread-safe.
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
  /// By the weights of the recipe; `tokens` is the number of ids that are a token, and so [MASK]'s
  /// id.
  Replacement(const config::ProviderOptions& options, std::uint32_t tokens);

  /// Random tokens alone, whatever the weights: how val is corrupted.
  [[nodiscard]] Replacement random_only() const;

  [[nodiscard]] bool has_fragments() const { return mask_below_ < kOne; }

  /// Writes x: the original with its selected positions replaced. A position that becomes a
  /// fragment takes the token at its own offset in `fragment`, which is as long as the sample;
  /// where that is empty, [MASK].
  template <class X>
  void apply(std::span<const X> original, std::span<const std::uint8_t> selected,
             std::span<const X> fragment, const PhiloxStream& draws, std::span<X> x) const {
    std::copy(original.begin(), original.end(), x.begin());
    const auto [fates, replacements] =
        draws.words_of_two(Purpose::kCorrupt, Purpose::kReplace, x.size());
    for (const std::uint32_t j : list(selected)) {
      if (fates[j] < random_below_) {
        x[j] = static_cast<X>(random_token(replacements[j], original[j]));
      } else {
        const bool copies = fates[j] >= mask_below_ && !fragment.empty();
        x[j] = copies ? fragment[j] : static_cast<X>(tokens_);
      }
    }
  }

  /// The token that a random word stands for where the original is this one.
  [[nodiscard]] std::uint32_t random_token(std::uint32_t word, std::uint32_t original) const;

 private:
  static constexpr std::uint64_t kOne = std::uint64_t{1} << 32;

  /// The selected positions, in memory of the calling thread, which reuses it at its next call.
  [[nodiscard]] static std::span<const std::uint32_t> list(std::span<const std::uint8_t> selected);

  std::uint32_t tokens_;
  std::uint64_t random_below_;  ///< a word below this: a random token
  std::uint64_t mask_below_;    ///< else below this: [MASK]; else a fragment
  /// A word below this: the original, of all tokens that a random one may be.
  std::uint64_t original_below_;
};

}  // namespace millrace::providers
