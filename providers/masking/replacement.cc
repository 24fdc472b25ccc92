// Thresholds of the weights, and the draw of a random token.
#include "providers/masking/replacement.h"

#include <vector>

#include "datasets/io/fixed_point.h"
#include "providers/random/vector_kernels.h"

namespace millrace::providers {

using datasets::threshold_of;

Replacement::Replacement(const config::ProviderOptions& options, std::uint32_t tokens)
    : tokens_(tokens) {
  const double random = options.random_weight;
  const double random_or_mask = random + options.mask_weight;
  const double all = random_or_mask + options.fragment_weight;
  random_below_ = threshold_of(random / all);
  mask_below_ = threshold_of(random_or_mask / all);
  const double multiplier = options.original_token_probability_multiplier;
  original_below_ = tokens == 1
                        ? kOne
                        : threshold_of(multiplier / (static_cast<double>(tokens - 1) + multiplier));
}

Replacement Replacement::random_only() const {
  Replacement other = *this;
  other.random_below_ = other.mask_below_ = kOne;
  return other;
}

std::uint32_t Replacement::random_token(std::uint32_t word, std::uint32_t original) const {
  if (word < original_below_) return original;
  const auto other = static_cast<std::uint32_t>((word - original_below_) * (tokens_ - 1) /
                                                (kOne - original_below_));
  return other < original ? other : other + 1;
}

std::span<const std::uint32_t> Replacement::list(std::span<const std::uint8_t> selected) {
  static thread_local std::vector<std::uint32_t> positions;
  positions.resize(selected.size());
  return {positions.data(),
          kernels().list_ones(selected.data(), selected.size(), positions.data())};
}

}  // namespace millrace::providers
