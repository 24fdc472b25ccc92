// A source of symbols with known entropy: a Markov chain of order r over S symbols. It tests
// likelihood bounds: a bound below the entropy means that the answer leaks into the input, or that
// a weight or unit is wrong.
//
//   x_i = (π(x_{i−r}) + f(x_{i−r+1} … x_{i−1}) + δ_i) mod S,   δ_i = k with probability 2^−(k+1)
//
// The permutation π and the table f are fixed in code for each (S, r). For a given δ the oldest
// symbol and the new one determine each other, so the stationary distribution is uniform over all
// S^r contexts, and a stationary block begins with r uniform symbols. In every context the next
// symbol has the entropy of δ, whose largest value is m = min(S − 1, 32):
//
//   rate = (2 − 2^(1−m)) ln 2,   H(x_1 … x_L) = min(L, r) ln S + max(L − r, 0) · rate    (nats)
//
// For S ≥ 16 the rate is at most ½ ln S. Entropies use libm; they decide no byte of a stream.
// Immutable, so any thread may use one.
#pragma once

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "providers/random/philox.h"

namespace millrace::providers {

class MarkovProcess {
 public:
  static constexpr std::uint32_t kLeastSymbols = 16;
  static constexpr std::uint32_t kMostSymbols = 256;
  static constexpr std::uint32_t kMostContexts = 1U << 20;

  /// Throws config::UsageError, which names the recipe's keys, for `symbols` outside
  /// [kLeastSymbols, kMostSymbols], an order of 0, and more contexts than kMostContexts.
  MarkovProcess(std::uint32_t symbols, std::uint32_t order);

  [[nodiscard]] std::uint32_t symbols() const { return symbols_; }
  [[nodiscard]] std::uint32_t order() const { return order_; }
  [[nodiscard]] std::uint32_t contexts() const {
    return static_cast<std::uint32_t>(center_.size());
  }
  /// "markov-S-r", for example "markov-16-1".
  [[nodiscard]] std::string name() const;

  /// P(x_i = to | context). A context is the r symbols before x_i, as a number in base S with the
  /// oldest symbol first.
  [[nodiscard]] double probability(std::uint32_t context, std::uint32_t to) const;

  /// The rate above, in nats per symbol.
  [[nodiscard]] double entropy_rate_nats() const;
  /// H(x_1 … x_L) / L of a stationary block of L = `length` symbols, in nats per symbol.
  [[nodiscard]] double block_entropy_nats(std::uint32_t length) const;

  /// Writes a stationary block. Symbol j is computed from random word j and the symbols before it.
  template <class Token>
  void generate(std::span<const std::uint32_t> words, std::span<Token> out) const {
    assert(words.size() >= out.size());
    const std::size_t free = std::min<std::size_t>(order_, out.size());
    std::uint32_t context = 0;
    for (std::size_t j = 0; j < free; ++j) {
      const std::uint32_t symbol = uniform_below(words[j], symbols_);
      context = shifted(context, symbol);
      out[j] = static_cast<Token>(symbol);
    }
    go_on(context, words.subspan(free), out.subspan(free));
  }

  /// Writes the symbols that follow `context`, one for each random word, and sets `context` to that
  /// of the symbol after them.
  template <class Token>
  void go_on(std::uint32_t& context, std::span<const std::uint32_t> words,
             std::span<Token> out) const {
    for (std::size_t j = 0; j < out.size(); ++j) {
      const std::uint32_t symbol = next(context, words[j]);
      context = shifted(context, symbol);
      out[j] = static_cast<Token>(symbol);
    }
  }

 private:
  /// The symbol that follows a context; δ is the number of leading zeros of the word.
  [[nodiscard]] std::uint32_t next(std::uint32_t context, std::uint32_t word) const {
    const std::uint32_t symbol =
        center_[context] +
        std::min(static_cast<std::uint32_t>(std::countl_zero(word)), symbols_ - 1);
    return symbol >= symbols_ ? symbol - symbols_ : symbol;
  }
  /// The context with `symbol` appended and its oldest symbol removed.
  [[nodiscard]] std::uint32_t shifted(std::uint32_t context, std::uint32_t symbol) const {
    return (context % newer_) * symbols_ + symbol;
  }

  std::uint32_t symbols_;
  std::uint32_t order_;
  /// S^(r−1): the number of contexts that differ in more than the oldest symbol.
  std::uint32_t newer_;
  std::vector<std::uint32_t> center_;  ///< by context: the likeliest next symbol (δ = 0)
};

/// The loss of the best possible masked language model: −ln P(x_i = block[i] | visible symbols of
/// the block), in nats, of each hidden position i in ascending order. visible[i] is 0 or 1. Exact,
/// by the forward–backward algorithm.
[[nodiscard]] std::vector<double> hidden_surprise_nats(const MarkovProcess& process,
                                                       std::span<const std::uint32_t> block,
                                                       std::span<const std::uint8_t> visible);

}  // namespace millrace::providers
