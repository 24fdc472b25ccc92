// Keyword scores by tf-idf: how often a word occurs in a passage, times how rare it is among
// passages (K. Spärck Jones, "A statistical interpretation of term specificity and its application
// in retrieval", 1972).
//
//     score(w) = tf(w) · log2(N / df(w)) / the largest such product in the passage, in [0, 1]
//
// The logarithm is computed in fixed point, so scores are the same on all machines. Scored are
// words of two or more letters or digits, in lower case, as KeyBERT does by default.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "annotation/words.h"

namespace millrace::annotation {

/// log2(numerator / denominator) · 2^16, rounded down. Both, and their quotient, must be at least
/// 1.
[[nodiscard]] std::uint64_t log2_fixed(std::uint64_t numerator, std::uint64_t denominator);

/// The number of passages in which each word occurs. One thread fills it, then any may read it.
class PassageFrequencies {
 public:
  /// Counts the words of a passage.
  void add(std::string_view passage);
  /// Drops the words that occur in one passage: words that are not listed count as such.
  void compact();

  [[nodiscard]] std::uint64_t passages() const { return passages_; }
  /// The number of passages with the word, at least 1.
  [[nodiscard]] std::uint64_t of(const std::string& word) const;

 private:
  std::uint64_t passages_ = 0;
  std::unordered_map<std::string, std::uint32_t> counts_;
};

/// Sets `keyword` of the words of a passage.
void score_keywords(const PassageFrequencies& frequencies, std::string_view passage,
                    std::span<Word> words);

}  // namespace millrace::annotation
