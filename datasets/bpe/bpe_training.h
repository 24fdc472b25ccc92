// Training of byte-level BPE: repeatedly merges the most frequent pair of neighbouring tokens (R.
// Sennrich, B. Haddow, A. Birch, "Neural Machine Translation of Rare Words with Subword Units",
// 2016), within GPT-2's words (byte_level_words.h).
//
// The vocabulary is the 256 bytes, a token for each merge, and <|endoftext|> last, as GPT-2's. Of
// equally frequent pairs the one with the smaller ids is merged first, so the result does not
// depend on the order of the texts. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "datasets/bpe/byte_level_bpe.h"

namespace millrace::datasets {

class BpeTrainer {
 public:
  /// Counts the words of a text. Throws std::runtime_error, with the offset, for a text that is not
  /// UTF-8.
  void add(std::string_view text);

  /// A tokenizer of at most vocab_size tokens (at least 257): fewer where no pair is left that
  /// occurs twice.
  [[nodiscard]] BpeParts train(std::uint32_t vocab_size) const;

 private:
  std::unordered_map<std::string, std::uint64_t> words_;
};

/// The parts, of the kind that BpeTrainer makes, as a tokenizer.json, as the Python package
/// `tokenizers` saves it; load_bpe() reads it. Throws std::logic_error where they have normal
/// forms, rules that split, ids without a token, or added tokens that take the space beside them.
[[nodiscard]] std::string to_tokenizer_json(const BpeParts& parts);

}  // namespace millrace::datasets
