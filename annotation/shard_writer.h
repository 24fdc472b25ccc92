// Writes one scored shard, in several runs if need be. Chunks go to a file that grows; a small file
// beside it says how much of that counts. After a kill, the next run continues from the last save,
// and the finished shard has the same bytes.
//
//     FOLDER/.shard-00003-of-00032.scored.records    record and index entry of each chunk so far
//     FOLDER/.shard-00003-of-00032.scored.progress   JSON: the planned header, passages and chunks
//                                                    done, tokens of the unfinished chunk
//     FOLDER/.shard-00003-of-00032.scored.lock       locked by the process that writes
//
// All three are removed when the shard is finished. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "annotation/scored_shard.h"
#include "proto/descriptor.h"

namespace millrace::annotation {

/// Tokens of an unfinished chunk, with their scores.
struct Pending {
  std::vector<std::uint32_t> tokens;
  std::vector<float> scores;
  bool operator==(const Pending&) const = default;
};

class ShardWriter {
 public:
  /// `header`: the planned header; its counts are ignored. Continues an earlier run of the same
  /// header; where that differs (another tokenizer, say), starts over with a warning. Throws
  /// std::runtime_error where another process is writing the shard, proto::DiskError for a folder
  /// that cannot be written.
  ShardWriter(const std::filesystem::path& folder, ShardHeader header);

  [[nodiscard]] std::uint64_t passages_done() const { return passages_done_; }
  [[nodiscard]] std::uint64_t chunks() const { return header_.chunks; }
  [[nodiscard]] std::uint64_t filling_chunks() const { return header_.filling_chunks; }
  /// The unfinished chunk at the last save.
  [[nodiscard]] const Pending& pending() const { return pending_; }

  /// Adds a chunk; all spans have its length.
  void add(std::span<const std::uint32_t> tokens, std::span<const std::uint16_t> order,
           std::span<const float> scores, const Capacity& capacity);
  /// Makes the chunks so far durable: a later run continues behind `passages` passages of the
  /// shard.
  void save(std::uint64_t passages, Pending pending);
  /// Writes the finished shard, durably, and removes the three files.
  void finish(std::uint64_t passages, std::uint64_t remainder_tokens);

 private:
  /// The path of one of the three files.
  [[nodiscard]] std::filesystem::path beside(std::string_view suffix) const;
  [[nodiscard]] std::string planned_header() const;
  [[nodiscard]] bool continue_from_progress();
  void open_records();
  void flush();

  std::filesystem::path path_;
  ShardHeader header_;
  RecordLayout layout_;
  std::shared_ptr<const void> lock_;
  proto::Descriptor records_;
  std::string unwritten_;
  std::uint64_t passages_done_ = 0;
  Pending pending_;
};

}  // namespace millrace::annotation
