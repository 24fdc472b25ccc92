// What a selected position of char_random_replacement becomes: a random token, [MASK] or a piece of another text, by weights.
//
// Every decision compares integers; docs/char_random_replacement.md defines them. Pure and thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "config/options.h"
#include "providers/philox.h"

namespace millrace::providers {

enum class Fate : std::uint8_t { kStays, kRandom, kMask, kFragment };

class Replacement {
 public:
  /// By the weights of the recipe; `tokens` is the number of ids that are a token, and so [MASK]'s id.
  Replacement(const config::ProviderOptions& options, std::uint32_t tokens);

  /// Random tokens alone, whatever the weights: how val is corrupted.
  [[nodiscard]] Replacement random_only() const;

  [[nodiscard]] bool has_fragments() const { return mask_below_ < kOne; }

  /// Writes x: the original with its selected positions replaced. A position that becomes a fragment takes the token at its own
  /// offset in `fragment`, which is as long as the sample; where that is empty, [MASK].
  template <class X>
  void apply(std::span<const X> original, std::span<const std::uint8_t> selected, std::span<const X> fragment, const Draws& draws,
             std::span<X> x) const {
    const std::span<const Fate> fates = decide(selected, draws);
    const auto words = draws.words(Purpose::kReplace, 0, x.size());
    for (std::size_t j = 0; j < x.size(); ++j) {
      switch (fates[j]) {
        case Fate::kStays: x[j] = original[j]; break;
        case Fate::kRandom: x[j] = static_cast<X>(random_token(words[j], original[j])); break;
        case Fate::kFragment: x[j] = fragment.empty() ? static_cast<X>(tokens_) : fragment[j]; break;
        case Fate::kMask: x[j] = static_cast<X>(tokens_); break;
      }
    }
  }

  /// The token that a random word stands for where the original is this one.
  [[nodiscard]] std::uint32_t random_token(std::uint32_t word, std::uint32_t original) const;

 private:
  static constexpr std::uint64_t kOne = std::uint64_t{1} << 32;

  /// What becomes of each position, in memory of the calling thread, which reuses it at its next call.
  [[nodiscard]] std::span<const Fate> decide(std::span<const std::uint8_t> selected, const Draws& draws) const;

  std::uint32_t tokens_;
  std::uint64_t random_below_;    ///< a word below this: a random token
  std::uint64_t mask_below_;      ///< else below this: [MASK]; else a fragment
  std::uint64_t original_below_;  ///< a word below this: the original, of all tokens that a random one may be
};

}  // namespace millrace::providers
