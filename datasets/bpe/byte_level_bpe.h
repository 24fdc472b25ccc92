// GPT-2's byte-level BPE: texts to token ids and back, with the same ids as the Python package
// `tokenizers`.
//
// A text is split at its added tokens, the pieces between them are normalized (normalization.h) and
// split, by patterns (split_pattern.h) and into words (byte_level_words.h), and the bytes of each
// word are merged pair by pair, the pair that is earliest in the list of merges first. Sources: R.
// Sennrich, B. Haddow, A. Birch, "Neural Machine Translation of Rare Words with Subword Units",
// 2016; A. Radford et al., 2019 (byte_level_words.h). docs/reference/tokenizing.md lists the
// settings that are supported and those that are refused.
//
// Immutable, so any thread may use one. bpe_files.h loads one from files, bpe_encoder.h encodes
// many texts fast.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "datasets/bpe/normalization.h"
#include "datasets/bpe/split_pattern.h"

namespace millrace::datasets {

inline constexpr std::string_view kEndOfText = "<|endoftext|>";

/// A pair of ids as one key.
[[nodiscard]] constexpr std::uint64_t pair_of(std::uint32_t left, std::uint32_t right) {
  return std::uint64_t{left} << 32 | right;
}

/// A token that is searched for in a text before the text is split into words.
struct AddedToken {
  std::string content;
  std::uint32_t id = 0;
  bool special = false;     ///< found only with Specials::kRecognised
  bool normalized = false;  ///< searched for after those that are not, in the normalized text
  bool takes_space_before = false;  ///< and the white space before it is part of it
  bool takes_space_behind = false;
};

/// A tokenizer as its files describe it.
struct BpeParts {
  /// By id, spelled as in byte_alphabet.h; without added tokens behind its end. Empty for an id
  /// without a token.
  std::vector<std::string> vocabulary;
  std::vector<std::pair<std::string, std::string>> merges;  ///< spelled; the first has precedence
  /// In the order of the file, in which those that are not in the vocabulary take the next ids.
  std::vector<AddedToken> added;
  std::vector<NormalForm> normal_forms;  ///< of a text, one after the other
  std::vector<SplitRule> splits;         ///< of a text, then of its pieces, before it is words
  /// Puts a space before a piece of text that does not start with one.
  bool add_prefix_space = false;
  bool use_regex = true;  ///< false: a piece of text is one word
  /// A word that is a token becomes that token, without merges.
  bool ignore_merges = false;
};

/// Whether the text of a special token is ordinary text, or becomes the token.
enum class Specials : std::uint8_t { kAsText, kRecognised };

class ByteLevelBpe {
 public:
  /// The merge of two neighbours.
  struct Merge {
    std::uint32_t rank = 0;  ///< place in the list of merges
    std::uint32_t id = 0;    ///< the resulting token
  };

  /// Throws std::runtime_error for parts that do not fit together: a merge of or into a text that
  /// is not a token, a token that occurs twice, an added token whose id is neither its id in the
  /// vocabulary nor the one that the Python package gives it; and for a pattern that is not
  /// implemented.
  explicit ByteLevelBpe(BpeParts parts);

  [[nodiscard]] std::uint32_t vocab_size() const {
    return static_cast<std::uint32_t>(bytes_.size());
  }
  /// By id, every byte spelled as a printable character, also of added tokens:
  /// StreamMeta::vocabulary with byte_level. "<|unused ID|>" for an id without a token.
  [[nodiscard]] const std::vector<std::string>& vocabulary() const { return vocabulary_; }
  /// xxh64 of everything that decides an id, 16 hex digits; independent of the kind of file.
  [[nodiscard]] const std::string& hash() const { return hash_; }

  /// The id of a token, as the files spell it.
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view token) const;
  /// The id of "<|endoftext|>".
  [[nodiscard]] std::optional<std::uint32_t> end_of_text() const { return find(kEndOfText); }
  /// The bytes of a token; id < vocab_size().
  [[nodiscard]] std::string_view bytes(std::uint32_t id) const { return bytes_[id]; }

  /// Encodes one text. Throws as BpeEncoder::append().
  [[nodiscard]] std::vector<std::uint32_t> encode(std::string_view text,
                                                  Specials specials = Specials::kAsText) const;
  /// The bytes of the ids: for the result of encode() exactly the text, normalized, with its prefix
  /// spaces and without what the tokenizer leaves out.
  /// Throws std::runtime_error, with the position, for an id outside the vocabulary.
  [[nodiscard]] std::string decode(std::span<const std::uint32_t> ids) const;
  /// The same as text to show, with U+FFFD for invalid UTF-8 (unicode_replacement.h).
  [[nodiscard]] std::string decode_text(std::span<const std::uint32_t> ids) const;

  // For BpeEncoder and WordMerger.

  [[nodiscard]] const BpeParts& parts() const { return parts_; }
  /// Of BpeParts::splits.
  [[nodiscard]] const std::vector<SplitPattern>& split_patterns() const { return split_patterns_; }
  /// The token of a byte; empty where the vocabulary lacks it.
  [[nodiscard]] std::optional<std::uint32_t> byte_id(std::uint8_t byte) const {
    return byte_ids_[byte];
  }
  /// The merge of two neighbours; empty where there is none.
  [[nodiscard]] std::optional<Merge> merge(std::uint32_t left, std::uint32_t right) const;
  /// The token with these bytes, where BpeParts::ignore_merges; else empty.
  [[nodiscard]] std::optional<std::uint32_t> whole_word(std::string_view bytes) const;

 private:
  /// A slot of the hash table of merges: open addressing, a power of two of slots, at most half of
  /// them used.
  struct Slot {
    std::uint64_t pair;
    Merge merge;
  };

  void take_vocabulary();
  void take_added_tokens();
  void take_id_of(const AddedToken& added);
  void take_merges();
  void insert(std::uint64_t pair, Merge merge);
  [[nodiscard]] std::size_t slot_of(std::uint64_t pair) const;
  [[nodiscard]] std::uint32_t token_of_merge(const std::string& token, std::size_t rank) const;
  [[nodiscard]] std::string digest() const;

  BpeParts parts_;
  std::vector<SplitPattern> split_patterns_;
  std::vector<std::string> bytes_;                        ///< by id
  std::vector<std::string> vocabulary_;                   ///< by id, spelled
  std::unordered_map<std::string, std::uint32_t> ids_;    ///< by spelling; added tokens by content
  std::unordered_map<std::string, std::uint32_t> words_;  ///< by bytes, for whole_word()
  std::array<std::optional<std::uint32_t>, 256> byte_ids_{};
  std::vector<Slot> merges_;
  std::string hash_;
};

}  // namespace millrace::datasets
