// Scored token shards: chunks of documents as token ids, with the score of each token and the order
// in which a selection rule picks them (selection.h).
//
//     file     = preamble header padding record* index
//     preamble = magic[8] version:u32 header_length:u32 header_checksum:u64 records_checksum:u64
//                index_checksum:u64 file_length:u64
//     header   = JSON, one line
//     record   = tokens:[L]u16|u32 order:[L]u8|u16 scores:[L]u8|f32       (L = chunk_length;
//                zero-padded to a multiple of 4)
//     index    = keys:u16 picks:u16 for each record
//
// Little-endian; checksums are xxh64. Worked example: docs/reference/scored_shards.md. Shards are
// mapped: opening one reads only its header and its index. Immutable, so any thread may read one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "annotation/selection.h"
#include "datasets/io/mapped_file.h"

namespace millrace::annotation {

inline constexpr std::string_view kShardMagic = "MILLSHRD";
inline constexpr std::uint32_t kShardVersion = 1;
inline constexpr std::size_t kShardPreambleBytes = 48;
inline constexpr std::size_t kShardAlignment = 64;  ///< of the first record
inline constexpr std::size_t kRecordAlignment = 4;
inline constexpr std::size_t kIndexEntryBytes = 4;
inline constexpr std::size_t kMaxShardHeaderBytes = 1 << 16;
inline constexpr std::string_view kShardSuffix = ".scored";

/// The header of a shard. The members up to `shards` decide tokens and scores; all shards of a
/// folder have the same.
struct ShardHeader {
  Selection selection = Selection::kConstituency;
  std::string scorer;          ///< name and version, e.g. "builtin-tagger-1"
  std::string tokenizer_hash;  ///< 16 hex digits
  std::uint32_t vocab_size = 0;
  std::string dataset_name;
  std::string dataset_hash;  ///< 16 hex digits
  std::uint32_t chunk_length = 0;
  std::uint32_t shards = 1;

  std::uint32_t shard = 0;          ///< number, below `shards`
  std::uint64_t first_passage = 0;  ///< number among all passages of the dataset
  std::uint64_t passages = 0;
  std::uint64_t chunks = 0;
  std::uint64_t remainder_tokens = 0;  ///< left out at the shard's end: too few for a chunk
  /// For people: how many chunks fill stages of the recipe's lengths.
  std::uint32_t stage1_length = 0;
  std::uint32_t stage2_length = 0;
  std::uint64_t filling_chunks = 0;

  bool operator==(const ShardHeader&) const = default;
};
/// The header on one line.
[[nodiscard]] std::string to_json(const ShardHeader& header);
/// Throws std::runtime_error for a text that is no header, or one with impossible values.
[[nodiscard]] ShardHeader header_from_json(std::string_view json);

/// Sizes and offsets in a record, in bytes.
struct RecordLayout {
  RecordLayout(Selection selection, std::uint32_t vocab_size, std::uint32_t chunk_length);

  std::size_t token_bytes;
  std::size_t order_bytes;
  std::size_t score_bytes;
  std::size_t order_at;
  std::size_t scores_at;
  std::size_t record_bytes;
};

/// "shard-00003-of-00032.scored"
[[nodiscard]] std::string shard_name(std::uint32_t shard, std::uint32_t shards);

/// Appends the record of a chunk to `out`. All spans have the chunk's length.
void append_record(const RecordLayout& layout, std::span<const std::uint32_t> tokens,
                   std::span<const std::uint16_t> order, std::span<const float> scores,
                   std::string& out);
/// Appends the index entry of a chunk to `out`.
void append_index_entry(const Capacity& capacity, std::string& out);
/// The bytes before the first record.
[[nodiscard]] std::string shard_beginning(const ShardHeader& header, std::uint64_t records_checksum,
                                          std::uint64_t index_checksum);

/// A mapped shard.
class ScoredShard {
 public:
  /// Throws std::runtime_error naming the file and what is wrong: not a shard, another version, cut
  /// short, a damaged header or index.
  explicit ScoredShard(const std::filesystem::path& path);

  [[nodiscard]] const ShardHeader& header() const { return header_; }
  [[nodiscard]] std::uint64_t records_checksum() const { return records_checksum_; }
  [[nodiscard]] std::uint64_t index_checksum() const { return index_checksum_; }
  [[nodiscard]] Capacity capacity(std::uint64_t chunk) const;

  /// Copies the chunk's token ids to `out`, which has the chunk's length.
  void read_tokens(std::uint64_t chunk, std::span<std::uint32_t> out) const;
  /// Copies the positions of the chunk's first `length` picks to `positions`, in text order.
  /// `length` must be at most capacity(chunk).picks.
  void read_stage(std::uint64_t chunk, std::uint32_t length,
                  std::span<std::uint16_t> positions) const;
  /// Copies the chunk's scores to `out`, which has the chunk's length.
  void read_scores(std::uint64_t chunk, std::span<float> out) const;

  /// Reads all records. Throws std::runtime_error where one is damaged.
  void verify() const;

 private:
  [[nodiscard]] const char* record(std::uint64_t chunk) const {
    file_.note_read();
    return records_.data() + chunk * layout_.record_bytes;
  }

  std::string place_;
  datasets::MappedFile file_;
  ShardHeader header_;
  RecordLayout layout_;
  std::uint64_t records_checksum_ = 0;
  std::uint64_t index_checksum_ = 0;
  std::string_view records_;
  std::string_view index_;
};

}  // namespace millrace::annotation
