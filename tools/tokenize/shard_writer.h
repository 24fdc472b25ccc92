// Cuts a split's tokens into files of equal length, and calls back before and after each appears.
// Used by one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "datasets/tokens/token_file_writer.h"
#include "proto/schema.h"
#include "tools/tokenize/token_record.h"

namespace millrace::tools {

class ShardWriter {
 public:
  /// The folder, the split and the form of its files.
  struct Plan {
    std::filesystem::path folder;
    std::string split;
    proto::WireType width = proto::WireType::kU16;
    std::optional<std::uint64_t> shard_tokens;  ///< empty: one file holds all
  };
  using BeforeFile = std::function<void()>;
  using WhenComplete = std::function<void(Shard)>;

  /// Continues after the shards that exist already. For each new one, `before` is called before its
  /// file appears, and `when_complete` after.
  ShardWriter(Plan plan, std::span<const Shard> existing, BeforeFile before,
              WhenComplete when_complete);

  /// The first document of the split whose tokens append() needs, followed by all after it in
  /// order. Tokens of it that exist already are skipped.
  [[nodiscard]] std::uint64_t next_document() const { return document_; }
  void append(std::span<const std::uint32_t> ids);
  void end_document();
  /// Completes the last file, which may be shorter.
  void finish();

  [[nodiscard]] std::uint64_t tokens() const { return tokens_; }  ///< of the split so far

 private:
  void write(std::span<const std::uint32_t> ids);
  void finish_file();
  [[nodiscard]] std::string file_name() const;

  Plan plan_;
  BeforeFile before_;
  WhenComplete when_complete_;
  std::uint64_t number_;            ///< of the next file
  std::uint64_t document_ = 0;      ///< the current document
  std::uint64_t taken_tokens_ = 0;  ///< tokens of it that are in files
  std::uint64_t to_skip_;           ///< tokens of it that are still to be skipped
  std::uint64_t tokens_ = 0;
  std::unique_ptr<datasets::TokenFileWriter> file_;
};

}  // namespace millrace::tools
