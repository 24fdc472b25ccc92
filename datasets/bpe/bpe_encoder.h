// Encodes many texts with one tokenizer, remembering the words that it has met: natural text is the
// same words over and over.
//
// Not for several threads at once: each has its own.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "datasets/bpe/added_tokens.h"
#include "datasets/bpe/byte_level_bpe.h"
#include "datasets/bpe/word_merger.h"

namespace millrace::datasets {

class BpeEncoder {
 public:
  using Sink = std::function<void(std::span<const std::uint32_t> ids)>;

  /// The tokenizer must outlive the encoder.
  explicit BpeEncoder(const ByteLevelBpe& bpe);

  /// Appends the ids of a text. Throws std::runtime_error for a text that is not UTF-8, with the
  /// byte's offset, and for a byte that has no token, which the Python package would leave out in
  /// silence; nothing is appended then.
  void append(std::string_view text, Specials specials, std::vector<std::uint32_t>& ids);
  /// The same ids in pieces of some 2^16, so that a long text takes no memory; after an error, what
  /// the sink has is the text's start.
  void encode(std::string_view text, Specials specials, const Sink& sink);

 private:
  static constexpr std::size_t kPieceIds = std::size_t{1} << 16;
  static constexpr std::size_t kRememberedWords = std::size_t{1} << 16;
  static constexpr std::size_t kRememberedBytes = 64;  ///< of a word; longer ones seldom come again

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view word) const {
      return std::hash<std::string_view>{}(word);
    }
  };

  void encode_into(std::string_view text, Specials specials, std::vector<std::uint32_t>& ids,
                   const Sink* sink);
  void encode_piece(std::string_view piece, std::string_view text);
  std::size_t encode_prefixed(std::string_view piece);
  void encode_word(std::string_view word);
  void check_bytes(std::string_view piece, std::string_view text) const;
  void flush();

  const ByteLevelBpe& bpe_;
  AddedTokens added_;
  WordMerger merger_;
  bool has_all_bytes_;
  std::unordered_map<std::string, std::vector<std::uint32_t>, Hash, std::equal_to<>> words_;
  std::vector<std::uint32_t>* ids_ = nullptr;  ///< where the ids of the text at hand go
  const Sink* sink_ = nullptr;                 ///< where they go from there, or null
};

}  // namespace millrace::datasets
