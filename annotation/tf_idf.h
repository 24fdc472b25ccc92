// Keywords without a model: how often a word stands in a passage, times how rare it is among
// passages (tf-idf, K. Spärck Jones, "A statistical interpretation of term specificity and its
// application in retrieval", 1972).
//
//     score(w) = tf(w) · log2(N / df(w)) / the largest such product in the passage, in [0, 1]
//
// The logarithm is our own, in fixed point, so that a score is the same number everywhere. A word
// is two or more letters or digits, in lower case; others are not scored, as KeyBERT does by
// default.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "annotation/words.h"

namespace millrace::annotation {

/// log2(numerator / denominator) · 2^16, rounded down; both at least 1, and the quotient at least
/// 1.
[[nodiscard]] std::uint64_t log2_fixed(std::uint64_t numerator, std::uint64_t denominator);

/// In how many passages each word stands. Built by one thread, then read by any.
class PassageFrequencies {
 public:
  void add(std::string_view passage);
  /// Forgets the words that stand in one passage only: one that is not listed counts as such.
  void compact();

  [[nodiscard]] std::uint64_t passages() const { return passages_; }
  [[nodiscard]] std::uint64_t of(const std::string& word) const;

 private:
  std::uint64_t passages_ = 0;
  std::unordered_map<std::string, std::uint32_t> counts_;
};

/// Sets keyword of the words of a passage.
void score_keywords(const PassageFrequencies& frequencies, std::string_view passage,
                    std::span<Word> words);

}  // namespace millrace::annotation
