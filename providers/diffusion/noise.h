// Noise schedules of continuous-time diffusion over tokens (SEDD, arXiv 2310.16834; MDLM, arXiv
// 2406.07524): at time t each token has moved with probability 1 − e^(−σ(t)), independently.
//
//   loglinear   σ(t) = −ln(1 − (1 − ε)t), so that the probability is (1 − ε)t
//   geometric   σ(t) = σ_min^(1−t) · σ_max^t
//
// A token that moves becomes [MASK] (absorb()) or any token, itself included (redraw()).
//
// The probability is an integer threshold, computed with the arithmetic of fixed_math.h, so the
// bytes are the same everywhere. docs/reference/noise.md has a worked example. Immutable and
// thread-safe.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <span>
#include <string>

#include "config/options.h"
#include "providers/random/philox.h"
#include "providers/random/vector_kernels.h"

namespace millrace::providers {

class Noise {
 public:
  /// The schedule options.noise with its numbers, whose ranges config::check has checked.
  explicit Noise(const config::ProviderOptions& options);

  /// round(2^32 · (1 − e^(−σ(t)))), from 0 to 2^32, for t in [0, 1]. A token moves if its random
  /// word is below this.
  [[nodiscard]] std::uint64_t move_threshold(float t) const;

  /// E.g. "loglinear(noise_eps=0.001)" or "geometric(sigma_min=1e-04,sigma_max=20)".
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  bool geometric_;
  double one_minus_eps_;   ///< loglinear
  double log_sigma_min_;   ///< geometric
  double log_sigma_rise_;  ///< geometric: ln(σ_max / σ_min)
  std::string name_;
};

/// Writes x: the original with [MASK] at every position j whose word j of kSelect is below the
/// threshold. Uses words 0 … x.size() − 1.
template <class X>
void absorb(std::span<const X> original, std::uint64_t threshold, std::uint32_t mask_token_id,
            const PhiloxStream& draws, std::span<X> x) {
  assert(x.size() == original.size());
  if (threshold == 0) {
    std::copy(original.begin(), original.end(), x.begin());
    return;
  }
  // The largest word that moves a token: the threshold 2^32 does not fit 32 bits.
  const auto last = static_cast<std::uint32_t>(threshold - 1);
  const auto words = draws.words(Purpose::kSelect, 0, x.size());
  kernels().tokens<X>().absorb(original.data(), words.data(), x.size(), last,
                               static_cast<X>(mask_token_id), x.data());
}

/// Writes x: the original with uniform_below(word j of kCorrupt, states) at every position j whose
/// word j of kSelect is below the threshold: uniform over the states up to a relative bias below
/// states / 2^32.
template <class X>
void redraw(std::span<const X> original, std::uint64_t threshold, std::uint32_t states,
            const PhiloxStream& draws, std::span<X> x) {
  assert(x.size() == original.size());
  if (threshold == 0) {
    std::copy(original.begin(), original.end(), x.begin());
    return;
  }
  const auto last = static_cast<std::uint32_t>(threshold - 1);
  const auto [words, drawn] = draws.words_of_two(Purpose::kSelect, Purpose::kCorrupt, x.size());
  kernels().tokens<X>().redraw(original.data(), words.data(), drawn.data(), x.size(), last, states,
                               x.data());
}

}  // namespace millrace::providers
