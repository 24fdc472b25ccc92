// Merges the bytes of one word into tokens. The next merge is that of the pair of neighbours which
// is earliest in the list of merges, the leftmost of several, until no pair is in the list. A heap
// of candidates over a linked list of symbols: O(n log n) for a word of n bytes.
//
// A candidate is stale, and skipped, where the pair at its place now has another rank: tokens only
// grow.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "datasets/bpe/byte_level_bpe.h"

namespace millrace::datasets {

class WordMerger {
 public:
  explicit WordMerger(const ByteLevelBpe& bpe) : bpe_(bpe) {}

  /// Appends the tokens of a word, each of whose bytes must have a token. Throws std::runtime_error
  /// for a word of 2^31 - 1 bytes or more.
  void append(std::string_view word, std::vector<std::uint32_t>& ids);

 private:
  struct Symbol {
    std::uint32_t id;
    std::int32_t previous;  ///< -1: none
    std::int32_t next;      ///< -1: none
    bool gone;              ///< merged into the symbol before it
  };
  /// A pair that may be merged.
  struct Candidate {
    std::uint32_t rank;
    std::int32_t at;  ///< of the left symbol
    std::uint32_t id;
  };

  void propose(std::int32_t at);
  void carry_out(const Candidate& candidate);

  const ByteLevelBpe& bpe_;
  std::vector<Symbol> symbols_;
  std::vector<Candidate> heap_;
};

}  // namespace millrace::datasets
