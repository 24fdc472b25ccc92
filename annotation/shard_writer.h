// Writes one scored shard, over several runs if need be: what is done lies in a file that grows,
// and a small one beside it says how far that is right. A run that was killed is continued behind
// its last save, and gives the same bytes in the end.
//
//     FOLDER/.shard-00003-of-00032.scored.records    a record and its index entry, for each chunk so far
//     FOLDER/.shard-00003-of-00032.scored.progress   JSON: what the shard is of, passages and chunks done, the last chunk's
//     beginning FOLDER/.shard-00003-of-00032.scored.lock       locked by the process at work
//
// All three are gone once the shard is there. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "annotation/scored_shard.h"
#include "datasets/io/descriptor.h"

namespace millrace::annotation {

/// Tokens and their scores that make no whole chunk yet.
struct Pending {
  std::vector<std::uint32_t> tokens;
  std::vector<float> scores;
  bool operator==(const Pending&) const = default;
};

class ShardWriter {
 public:
  /// `header` says what the shard is of; its counts are not looked at. What another run left of the
  /// same shard is continued; of another one (another tokenizer, say) it is begun anew, with a
  /// warning. Throws std::runtime_error where another process is at work on the shard,
  /// proto::DiskError for a folder that cannot be written.
  ShardWriter(const std::filesystem::path& folder, ShardHeader header);

  [[nodiscard]] std::uint64_t passages_done() const { return passages_done_; }
  [[nodiscard]] std::uint64_t chunks() const { return header_.chunks; }
  [[nodiscard]] std::uint64_t filling_chunks() const { return header_.filling_chunks; }
  /// The last chunk's beginning, at the last save.
  [[nodiscard]] const Pending& pending() const { return pending_; }

  void add(std::span<const std::uint32_t> tokens, std::span<const std::uint16_t> order,
           std::span<const float> scores, const Capacity& capacity);
  /// From now on a run continues behind `passages` passages of the shard. Durable.
  void save(std::uint64_t passages, Pending pending);
  /// Puts the shard in place.
  void finish(std::uint64_t passages, std::uint64_t remainder_tokens);

 private:
  [[nodiscard]] std::filesystem::path beside(std::string_view suffix) const;
  [[nodiscard]] std::string facts() const;
  [[nodiscard]] bool continue_from_progress();
  void open_records();
  void flush();

  std::filesystem::path path_;
  ShardHeader header_;
  RecordLayout layout_;
  std::shared_ptr<const void> lock_;
  datasets::Descriptor records_;
  std::string unwritten_;
  std::uint64_t passages_done_ = 0;
  Pending pending_;
};

}  // namespace millrace::annotation
