// Counting words, and their scores.
#include "annotation/tf_idf.h"

#include <algorithm>
#include <bit>
#include <unordered_set>

namespace millrace::annotation {
namespace {

constexpr int kFractionBits = 16;

bool is_scored(std::string_view word) { return word.size() >= 2 && is_wordlike(word); }

}  // namespace

// The integer part is the quotient's bit width; each bit of the fraction comes from squaring a
// number in [1, 2).
std::uint64_t log2_fixed(std::uint64_t numerator, std::uint64_t denominator) {
  constexpr int kUnitBits = 31;
  std::uint64_t quotient = numerator / denominator;
  const auto whole = static_cast<std::uint64_t>(std::bit_width(quotient) - 1);
  // x = numerator / (denominator · 2^whole) with 31 bits behind the point; both are cut to 32 bits,
  // so nothing overflows.
  const int cut = std::max(0, static_cast<int>(std::bit_width(numerator)) - 32);
  const std::uint64_t below = std::max<std::uint64_t>(1, (denominator << whole) >> cut);
  std::uint64_t x =
      std::max(((numerator >> cut) << kUnitBits) / below, std::uint64_t{1} << kUnitBits);
  x = std::min(x, (std::uint64_t{2} << kUnitBits) - 1);
  std::uint64_t result = whole << kFractionBits;
  for (int bit = kFractionBits - 1; bit >= 0; --bit) {
    x = (x * x) >> kUnitBits;
    if (x >= std::uint64_t{2} << kUnitBits) {
      result |= std::uint64_t{1} << bit;
      x >>= 1;
    }
  }
  return result;
}

void PassageFrequencies::add(std::string_view passage) {
  ++passages_;
  std::unordered_set<std::string> seen;
  for (const Word& word : split_words(passage)) {
    const std::string_view text = text_of(passage, word);
    if (is_scored(text) && seen.insert(folded(text)).second) ++counts_[folded(text)];
  }
}

void PassageFrequencies::compact() {
  std::erase_if(counts_, [](const auto& entry) { return entry.second < 2; });
}

std::uint64_t PassageFrequencies::of(const std::string& word) const {
  const auto found = counts_.find(word);
  return found == counts_.end() ? 1 : found->second;
}

void score_keywords(const PassageFrequencies& frequencies, std::string_view passage,
                    std::span<Word> words) {
  std::unordered_map<std::string, std::uint64_t> weights;  // the frequency, then times the rarity
  for (const Word& word : words) {
    if (is_scored(text_of(passage, word))) ++weights[folded(text_of(passage, word))];
  }
  std::uint64_t largest = 1;
  for (auto& [word, weight] : weights) {
    weight *=
        log2_fixed(std::max(frequencies.passages(), frequencies.of(word)), frequencies.of(word));
    largest = std::max(largest, weight);
  }
  for (Word& word : words) {
    if (!is_scored(text_of(passage, word))) continue;
    const auto weight = static_cast<double>(weights[folded(text_of(passage, word))]);
    word.keyword = static_cast<float>(weight / static_cast<double>(largest));
  }
}

}  // namespace millrace::annotation
