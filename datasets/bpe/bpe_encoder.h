// Encodes many texts with one tokenizer. It caches the tokens of words, as natural text repeats
// them.
//
// One thread for each encoder.
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
#include "datasets/bpe/split_pattern.h"
#include "datasets/bpe/word_merger.h"

namespace millrace::datasets {

class BpeEncoder {
 public:
  /// Receives the ids of a text, in pieces.
  using Sink = std::function<void(std::span<const std::uint32_t> ids)>;

  /// The tokenizer must outlive the encoder.
  explicit BpeEncoder(const ByteLevelBpe& bpe);

  /// Appends the ids of a text. Throws std::runtime_error, and appends nothing, for a text that is
  /// not UTF-8 (with the byte's offset) and for a byte without a token, which the Python package
  /// silently leaves out.
  void append(std::string_view text, Specials specials, std::vector<std::uint32_t>& ids);
  /// The same ids in pieces of about 2^16, so that memory grows with the longest word alone; with
  /// the text where the tokenizer normalizes it, or takes it for one word (use_regex false, no
  /// splits). After an error the sink may have the beginning of the text.
  void encode(std::string_view text, Specials specials, const Sink& sink);

 private:
  static constexpr std::size_t kPieceIds = std::size_t{1} << 16;
  static constexpr std::size_t kCachedWords = std::size_t{1} << 16;
  static constexpr std::size_t kCachedWordBytes = 64;  ///< longer words are rarely repeated

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view word) const {
      return std::hash<std::string_view>{}(word);
    }
  };

  void encode_into(std::string_view text, Specials specials, std::vector<std::uint32_t>& ids,
                   const Sink* sink);
  /// Splits a piece by the rules from this one on, and encodes what comes out.
  void split(std::string_view piece, std::size_t rule);
  void encode_piece(std::string_view piece);
  /// Encodes the first word of a piece with a space before it. Returns where the word ends.
  std::size_t encode_prefixed(std::string_view piece);
  void encode_word(std::string_view word);
  void check_bytes(std::string_view piece) const;
  void flush();

  const ByteLevelBpe& bpe_;
  AddedTokens added_;
  std::vector<TextSplitter> splitters_;
  WordMerger merger_;
  bool has_all_bytes_;
  std::unordered_map<std::string, std::vector<std::uint32_t>, Hash, std::equal_to<>> words_;
  std::string_view text_;                      ///< the current text
  std::vector<std::uint32_t>* ids_ = nullptr;  ///< the ids of the current text so far
  const Sink* sink_ = nullptr;                 ///< takes them when there are many; or nullptr
};

}  // namespace millrace::datasets
