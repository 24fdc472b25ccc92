// Learns a byte-level BPE from texts: the merges that a greedy compression finds (R. Sennrich, B.
// Haddow, A. Birch, "Neural Machine Translation of Rare Words with Subword Units", 2016), within
// GPT-2's words (byte_level_words.h).
//
// The vocabulary is the 256 bytes, one token a merge, and <|endoftext|> last, as GPT-2's is. Of
// pairs that are equally frequent the one with the smaller ids comes first, so the same words give
// the same tokenizer, in whatever order they came. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "datasets/bpe/byte_level_bpe.h"

namespace millrace::datasets {

class BpeTrainer {
 public:
  /// Counts the words of a text. Throws std::runtime_error, with the offset, for one that is not
  /// UTF-8.
  void add(std::string_view text);

  /// At most vocab_size tokens, at least 257: fewer where no pair occurs twice any more.
  [[nodiscard]] BpeParts train(std::uint32_t vocab_size) const;

 private:
  std::unordered_map<std::string, std::uint64_t> words_;
};

/// As the Python package `tokenizers` saves it: a tokenizer.json, which load_bpe and others read.
[[nodiscard]] std::string to_tokenizer_json(const BpeParts& parts);

}  // namespace millrace::datasets
