// The text of the golden tests: from an order-1 Markov source over 16 characters, whose entropy is
// known exactly. It was the built-in text, under the name generated-markov1, before there was an
// English one (providers/grammar/english.h); committed digests are of its bytes.
//
// For blocks of L characters the floor of every likelihood bound is H(x1 … xL)/L of the source as
// it is sampled. A bound below it leaks the answer or has a wrong weight or unit; a model that
// learns comes close to it. The characters include space and newline, because samples start at
// lines. No two newlines or spaces are neighbours, and no line starts or ends with a space.
//
// Everything is fixed in code: the transition weights come from Philox with a key of our own, and
// add up to 2^16 in each row, so that the top half of one random word draws a character without
// bias. Only the entropies, which decide no byte, use libm. Immutable, so any thread may use it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::providers {

class MarkovSource {
 public:
  static constexpr std::size_t kSymbols = 16;
  static constexpr std::uint32_t kRowTotal = 1U << 16;
  /// The characters by number; newline is 0, space is 1.
  static constexpr std::string_view kCharacters = "\n etaoinshrdlucm";
  static_assert(kCharacters.size() == kSymbols);
  using Distribution = std::array<double, kSymbols>;

  /// How a block starts: at the first character of a line, or anywhere.
  enum class Start { kLine, kStationary };

  MarkovSource();

  /// P(next = to | this = from), a multiple of 2^-16.
  [[nodiscard]] double probability(std::size_t from, std::size_t to) const;
  /// The share of each character in a long text.
  [[nodiscard]] Distribution stationary() const;
  /// The distribution of a block's first character.
  [[nodiscard]] Distribution first(Start start) const;

  /// Nats per character of a long text.
  [[nodiscard]] double entropy_rate_nats() const;
  /// H(x1 … xL)/L in nats per character, for blocks of `length` characters.
  [[nodiscard]] double block_entropy_nats(std::uint32_t length, Start start) const;

  /// The first `characters` characters of the one text that this source stands for: the same on
  /// every machine.
  [[nodiscard]] std::string generate(std::size_t characters) const;

 private:
  using Row = std::array<std::uint32_t, kSymbols>;
  [[nodiscard]] Distribution step(const Distribution& now) const;
  [[nodiscard]] Distribution entropy_of_rows_nats() const;

  std::array<Row, kSymbols> weights_;  ///< [from][to], each row adds up to kRowTotal
};

}  // namespace millrace::providers
