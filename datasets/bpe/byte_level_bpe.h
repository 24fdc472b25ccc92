// Byte-level BPE as GPT-2 has it: texts to token ids and back, id for id as the Python package
// `tokenizers` does it.
//
// A text is cut at its added tokens, what lies between into words (byte_level_words.h), and the
// bytes of each word are merged, pair by pair, the earliest of the merges first. Sources: R.
// Sennrich, B. Haddow, A. Birch, "Neural Machine Translation of Rare Words with Subword Units",
// 2016; A. Radford et al., 2019 (byte_level_words.h). docs/reference/tokenizing.md says what is
// honoured and what is refused.
//
// A ByteLevelBpe never changes, so any thread may use one. bpe_files.h makes it of files,
// bpe_encoder.h encodes many texts fast.
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

namespace millrace::datasets {

inline constexpr std::string_view kEndOfText = "<|endoftext|>";

/// A token that is looked for in a text before anything else.
struct AddedToken {
  std::string content;
  std::uint32_t id = 0;
  bool special = false;     ///< found only where special tokens are recognised
  bool normalized = false;  ///< looked for after those that are not
};

/// What a tokenizer's files say.
struct BpeParts {
  /// By id, spelled as byte_alphabet.h has it; without added tokens.
  std::vector<std::string> vocabulary;
  std::vector<std::pair<std::string, std::string>> merges;  ///< spelled; first come first
  /// Those of the vocabulary, and those behind it, by ascending id.
  std::vector<AddedToken> added;
  /// Before a piece of text that does not start with one.
  bool add_prefix_space = false;
  bool use_regex = true;  ///< false: a piece of text is one word
  /// A word that is a token is not merged together.
  bool ignore_merges = false;
};

/// Whether the texts of special tokens become those tokens, or are text like any other.
enum class Specials : std::uint8_t { kAsText, kRecognised };

class ByteLevelBpe {
 public:
  /// Two neighbours' merge: when it comes, and what it gives.
  struct Merge {
    std::uint32_t rank = 0;
    std::uint32_t id = 0;
  };

  /// Throws std::runtime_error where the parts do not fit together: a merge of or into what is no
  /// token, a token twice, an added token whose id is not its own in the vocabulary or the next
  /// behind it.
  explicit ByteLevelBpe(BpeParts parts);

  [[nodiscard]] std::uint32_t vocab_size() const {
    return static_cast<std::uint32_t>(bytes_.size());
  }
  /// By id, every byte spelled as a printable character (added tokens too): StreamMeta::vocabulary
  /// with byte_level.
  [[nodiscard]] const std::vector<std::string>& vocabulary() const { return vocabulary_; }
  /// xxh64 of all that decides an id, 16 hex digits; the same whatever kind of file it came from.
  [[nodiscard]] const std::string& hash() const { return hash_; }

  /// The id of a token as the files spell it.
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view token) const;
  /// The id of "<|endoftext|>".
  [[nodiscard]] std::optional<std::uint32_t> end_of_text() const { return find(kEndOfText); }
  /// What an id stands for; the id must be below vocab_size.
  [[nodiscard]] std::string_view bytes(std::uint32_t id) const { return bytes_[id]; }

  /// For one text; throws as BpeEncoder::append.
  [[nodiscard]] std::vector<std::uint32_t> encode(std::string_view text,
                                                  Specials specials = Specials::kAsText) const;
  /// The bytes of the ids; for those that encode gave, exactly the text (and its prefix spaces).
  /// Throws std::runtime_error for an id outside the vocabulary, with its position.
  [[nodiscard]] std::string decode(std::span<const std::uint32_t> ids) const;
  /// The same to be shown: U+FFFD for what is no UTF-8 (unicode_replacement.h).
  [[nodiscard]] std::string decode_text(std::span<const std::uint32_t> ids) const;

  // What an encoder needs.

  [[nodiscard]] const BpeParts& parts() const { return parts_; }
  /// The token of a byte; empty where the vocabulary lacks it.
  [[nodiscard]] std::optional<std::uint32_t> byte_id(std::uint8_t byte) const {
    return byte_ids_[byte];
  }
  [[nodiscard]] std::optional<Merge> merge(std::uint32_t left, std::uint32_t right) const;
  /// The token whose bytes are these, where words may become tokens without merges.
  [[nodiscard]] std::optional<std::uint32_t> whole_word(std::string_view bytes) const;

 private:
  /// One slot of the table of merges: open addressing, a power of two of slots, at most half of
  /// them full.
  struct Slot {
    std::uint64_t pair;
    Merge merge;
  };

  void take_vocabulary();
  void take_added_tokens();
  void take_merges();
  void insert(std::uint64_t pair, Merge merge);
  [[nodiscard]] std::size_t slot_of(std::uint64_t pair) const;
  [[nodiscard]] std::uint32_t token_of_merge(const std::string& token, std::size_t rank) const;
  [[nodiscard]] std::string digest() const;

  BpeParts parts_;
  std::vector<std::string> bytes_;
  std::vector<std::string> vocabulary_;
  std::unordered_map<std::string, std::uint32_t> ids_;  ///< by spelling; added tokens by content
  std::unordered_map<std::string, std::uint32_t> words_;
  std::array<std::optional<std::uint32_t>, 256> byte_ids_{};
  std::vector<Slot> merges_;
  std::string hash_;
};

}  // namespace millrace::datasets
