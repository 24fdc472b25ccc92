// Noise that grows with time, as continuous-time diffusion over tokens has it (SEDD, arXiv
// 2310.16834; MDLM, arXiv 2406.07524): at time t a token has moved with probability 1 − e^(−σ(t)),
// each by itself.
//
//   loglinear   σ(t) = −ln(1 − (1 − ε)t), so that the probability is (1 − ε)t
//   geometric   σ(t) = σ_min^(1−t) · σ_max^t
//
// Where a token has moved to is the graph's to say: absorb() makes it [MASK], redraw() any state,
// the token itself among them.
//
// The probability is decided by an integer threshold, computed with the arithmetic of fixed_math.h:
// the same bytes everywhere. docs/reference/noise.md has a worked example. Immutable, so any thread
// may use one.
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
  /// The schedule that options.noise names, with its numbers; config::check has looked at their
  /// ranges.
  explicit Noise(const config::ProviderOptions& options);

  /// round(2^32 · (1 − e^(−σ(t)))), t in [0, 1], from 0 to 2^32: a random word below it moves a
  /// token.
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

/// Writes x: the original, with [MASK] at every position j whose word j of kSelect is below the
/// threshold. x.size() words are used from word 0 on, whatever the original's place in a sample.
template <class X>
void absorb(std::span<const X> original, std::uint64_t threshold, std::uint32_t mask_token_id,
            const PhiloxStream& draws, std::span<X> x) {
  assert(x.size() == original.size());
  if (threshold == 0) {
    std::copy(original.begin(), original.end(), x.begin());
    return;
  }
  // The largest word that moves: 2^32 itself is no 32-bit number.
  const auto last = static_cast<std::uint32_t>(threshold - 1);
  const auto words = draws.words(Purpose::kSelect, 0, x.size());
  kernels().tokens<X>().absorb(original.data(), words.data(), x.size(), last,
                               static_cast<X>(mask_token_id), x.data());
}

/// Writes x: the original, redrawn uniformly over `states` at every position j whose word j of
/// kSelect is below the threshold: it becomes uniform_below(word j of kCorrupt, states), uniform up
/// to a relative bias below states / 2^32.
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
