// Cuts a split's tokens into files of equal length, and says of each when it will appear and when
// it has. Used by one thread.
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
  /// Of which folder and split, and how its files are made.
  struct Plan {
    std::filesystem::path folder;
    std::string split;
    proto::WireType width = proto::WireType::kU16;
    std::optional<std::uint64_t> shard_tokens;  ///< empty: one file holds all
  };
  using BeforeFile = std::function<void()>;
  using WhenWhole = std::function<void(Shard)>;

  /// Goes on behind the shards that are there. Of each further one `before` is called before its
  /// file appears, and `when_whole` behind that.
  ShardWriter(Plan plan, std::span<const Shard> there, BeforeFile before, WhenWhole when_whole);

  /// From which document of the split on, in this order, append() wants tokens; the first tokens of
  /// the first are there already, and are left out.
  [[nodiscard]] std::uint64_t next_document() const { return document_; }
  void append(std::span<const std::uint32_t> ids);
  void end_document();
  /// The last file, which may be shorter.
  void finish();

  [[nodiscard]] std::uint64_t tokens() const { return tokens_; }  ///< of the split so far

 private:
  void write(std::span<const std::uint32_t> ids);
  void finish_file();
  [[nodiscard]] std::string file_name() const;

  Plan plan_;
  BeforeFile before_;
  WhenWhole when_whole_;
  std::uint64_t number_;            ///< of the next file
  std::uint64_t document_ = 0;      ///< that tokens are coming of
  std::uint64_t taken_tokens_ = 0;  ///< of it
  std::uint64_t left_out_;          ///< of its tokens, still to come
  std::uint64_t tokens_ = 0;
  std::unique_ptr<datasets::TokenFileWriter> file_;
};

}  // namespace millrace::tools
