// A source of symbols whose entropy is known in closed form: a Markov chain of order r over S
// symbols. Batches and corpora made of it are the test of every likelihood bound: one below the
// source's entropy leaks the answer, or has a wrong weight or unit.
//
//   x_i = (π(x_{i−r}) + f(x_{i−r+1} … x_{i−1}) + δ_i) mod S,   δ_i = k with probability 2^−(k+1)
//
// π is a permutation and f a table, both fixed in code for each (S, r). For every δ the oldest
// symbol and the new one determine each other, so all S^r contexts are equally likely in the long
// run: r uniform symbols begin a stationary block. Whatever the context, the next symbol has the
// entropy of δ, m = min(S − 1, 32) being δ's largest value:
//
//   rate = (2 − 2^(1−m)) ln 2,   H(x_1 … x_L) = min(L, r) ln S + max(L − r, 0) · rate    (nats)
//
// With S of 16 or more the rate is at most half of ln S. Only entropies, which decide no byte, use
// libm. Immutable, so any thread may use one.
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

  /// Throws config::UsageError, with the keys' names, for symbols outside [kLeastSymbols,
  /// kMostSymbols] and more contexts than kMostContexts.
  MarkovProcess(std::uint32_t symbols, std::uint32_t order);

  [[nodiscard]] std::uint32_t symbols() const { return symbols_; }
  [[nodiscard]] std::uint32_t order() const { return order_; }
  [[nodiscard]] std::uint32_t contexts() const {
    return static_cast<std::uint32_t>(center_.size());
  }
  /// "markov-16-1".
  [[nodiscard]] std::string name() const;

  /// P(x_i = to | the order symbols before it are those of `context`: a number in base S, the
  /// oldest symbol first).
  [[nodiscard]] double probability(std::uint32_t context, std::uint32_t to) const;

  [[nodiscard]] double entropy_rate_nats() const;
  /// H(x_1 … x_L)/L of a block, in nats a symbol.
  [[nodiscard]] double block_entropy_nats(std::uint32_t length) const;

  /// Writes a stationary block; word j decides symbol j, and all that is before it.
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

  /// Writes symbols that go on after `context`, and leaves in it the context of the symbol after
  /// them.
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
  /// δ is the number of leading zeros of the word.
  [[nodiscard]] std::uint32_t next(std::uint32_t context, std::uint32_t word) const {
    const std::uint32_t symbol =
        center_[context] +
        std::min(static_cast<std::uint32_t>(std::countl_zero(word)), symbols_ - 1);
    return symbol >= symbols_ ? symbol - symbols_ : symbol;
  }
  /// The context after `symbol`: the oldest one leaves.
  [[nodiscard]] std::uint32_t shifted(std::uint32_t context, std::uint32_t symbol) const {
    return (context % newer_) * symbols_ + symbol;
  }

  std::uint32_t symbols_;
  std::uint32_t order_;
  /// S^(r−1): how many values the newer symbols of a context have.
  std::uint32_t newer_;
  std::vector<std::uint32_t> center_;  ///< by context: its likeliest next symbol, that of δ = 0
};

/// −ln P(x_i = block[i] | the visible symbols of the block) of each hidden position i, in nats,
/// ascending; visible[i] is 0 or 1. Exact, by forward–backward over the chain: what the best masked
/// language model would pay.
[[nodiscard]] std::vector<double> hidden_surprise_nats(const MarkovProcess& process,
                                                       std::span<const std::uint32_t> block,
                                                       std::span<const std::uint8_t> visible);

}  // namespace millrace::providers
