// A folder of scored shards as one list of chunks, in the order of shards and of texts.
//
// Mapped; private memory is one bit for each chunk. Immutable, so any thread may use one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "annotation/scored_shard.h"

namespace millrace::annotation {

/// File of a folder: the tokenizer that was trained for it, where the recipe names none.
inline constexpr std::string_view kOwnTokenizer = "tokenizer.json";
/// File of a folder: the tokens by id, as byte-level BPE spells them, as a JSON array.
inline constexpr std::string_view kVocabularyFile = "vocabulary.json";

class ShardFolder {
 public:
  /// Opens all shards of the folder. Throws std::runtime_error where there is none, where one is
  /// missing or damaged, and where two do not belong together (with both files and both values).
  explicit ShardFolder(const std::filesystem::path& folder);

  [[nodiscard]] const std::filesystem::path& path() const { return folder_; }
  /// The header of the first shard, for the members that all shards share.
  [[nodiscard]] const ShardHeader& header() const { return shards_.front()->header(); }
  /// xxh64 of all tokens and picks, 16 hex digits.
  [[nodiscard]] std::string hash() const;
  [[nodiscard]] std::uint64_t chunks() const { return chunks_; }
  /// The tokens by id; empty where kVocabularyFile is missing. Throws std::runtime_error where that
  /// has another number of tokens.
  [[nodiscard]] std::vector<std::string> vocabulary() const;

  /// The shard of a chunk, and the chunk's number in it.
  struct Place {
    const ScoredShard* shard = nullptr;
    std::uint64_t chunk = 0;
  };

  /// The chunks that fill stages of given lengths.
  class Filling {
   public:
    Filling(const ShardFolder& folder, std::uint32_t stage1_length, std::uint32_t stage2_length);

    [[nodiscard]] std::uint64_t count() const { return count_; }
    /// The place of chunk i < count().
    [[nodiscard]] Place place(std::uint64_t i) const;

   private:
    const ShardFolder& folder_;
    std::uint64_t count_ = 0;
    std::vector<std::uint64_t> words_;   ///< a bit for each chunk of the folder
    std::vector<std::uint64_t> before_;  ///< by block of words: number of set bits before it
  };

 private:
  std::filesystem::path folder_;
  std::vector<std::unique_ptr<const ScoredShard>> shards_;
  std::vector<std::uint64_t> firsts_;  ///< by shard: number of chunks before it
  std::uint64_t chunks_ = 0;
};

/// Throws std::runtime_error with both values where two headers differ in a member that the shards
/// of a folder share: number of shards, tokenizer, rule, scorer, dataset, chunk length.
void check_same_origin(const std::string& place, const ShardHeader& here,
                       const std::string& other_place, const ShardHeader& there);

/// Writes kVocabularyFile.
void save_vocabulary(const std::filesystem::path& folder,
                     const std::vector<std::string>& vocabulary);

}  // namespace millrace::annotation
