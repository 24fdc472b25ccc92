// A vocabulary of characters: the characters of texts, or those of a vocab.json.
//
// Immutable, so any thread may use one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/index/indexed_text.h"
#include "datasets/token_text.h"

namespace millrace::datasets {

/// The token for characters that a vocabulary lacks.
inline constexpr std::string_view kUnknownToken = "[UNK]";

/// The treatment of characters that a vocabulary lacks (data.unknown).
enum class UnknownCharacters : std::uint8_t { kError, kReplace, kDrop };

class CharacterVocabulary {
 public:
  static constexpr std::uint32_t kNoId = 0xFFFF'FFFF;

  /// Tokens by id: characters, all different, and kUnknownToken at most once.
  explicit CharacterVocabulary(std::vector<std::string> tokens);

  [[nodiscard]] const Vocabulary& vocabulary() const { return vocabulary_; }
  /// The id of a code point, or kNoId.
  [[nodiscard]] std::uint32_t id_of(std::uint64_t code_point) const {
    return code_point < ids_.size() ? ids_[code_point] : kNoId;
  }
  /// The id of kUnknownToken, or kNoId.
  [[nodiscard]] std::uint32_t unknown() const { return unknown_; }
  /// By code point: whether it has an id.
  [[nodiscard]] std::vector<bool> characters() const;

 private:
  Vocabulary vocabulary_;
  std::vector<std::uint32_t> ids_;  ///< by code point
  std::uint32_t unknown_ = kNoId;
};

/// The vocabulary of all characters in the alphabets, in the order of code points.
[[nodiscard]] CharacterVocabulary vocabulary_of(
    std::span<const std::span<const CharacterCount>> alphabets);

/// Reads a vocab.json: an object from each character to its id, ids from 0 without gaps
/// (docs/reference/datasets.md). `with_unknown`: adds kUnknownToken as the last id where the file
/// lacks it. Throws std::runtime_error naming the file, the entry, and what to do.
[[nodiscard]] CharacterVocabulary load_vocabulary(const std::filesystem::path& path,
                                                  bool with_unknown);
/// The tokens by id in the content of a vocab.json. `place`: its path. Throws as load_vocabulary().
[[nodiscard]] std::vector<std::string> parse_vocabulary(std::string_view json,
                                                        const std::string& place);

/// Writes a vocab.json of tokens by id. Throws proto::DiskError.
void save_vocabulary(const std::filesystem::path& path, std::span<const std::string> tokens);

}  // namespace millrace::datasets
