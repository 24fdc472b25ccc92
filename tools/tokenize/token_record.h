// meta.json beside token files: their inputs and progress. An interrupted `tokenize` continues by
// it, and readers learn the width of the ids (docs/reference/tokenizing.md has the format).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "proto/meta.h"
#include "proto/schema.h"

namespace millrace::tools {

/// One file, and where the split's text continues after it.
struct Shard {
  std::string file;
  std::uint64_t tokens = 0;
  std::string hash;                 ///< xxh64 of the file
  std::uint64_t next_document = 0;  ///< document of the split that is next
  std::uint64_t taken_tokens = 0;   ///< its tokens that are in this shard and those before
  bool operator==(const Shard&) const = default;
};

struct SplitRecord {
  bool complete = false;
  std::uint64_t documents = 0;
  std::vector<Shard> shards;
  [[nodiscard]] std::uint64_t tokens() const;
  bool operator==(const SplitRecord&) const = default;
};

struct TokenRecord {
  /// The inputs that decide the bytes of the files. A run continues only if all are equal.
  std::map<std::string, std::string> settings;
  proto::WireType width = proto::WireType::kU16;
  std::uint64_t vocab_size = 0;
  std::optional<std::uint32_t> end_of_text;
  std::string tokenizer;  ///< its path, for people
  std::string dataset;    ///< its name, for people
  std::map<std::string, SplitRecord> splits;
  [[nodiscard]] bool complete() const;
  /// Whether no file is recorded.
  [[nodiscard]] bool empty() const;
  bool operator==(const TokenRecord&) const = default;
};

inline constexpr const char* kRecordFile = "meta.json";

/// Empty if the folder has no record. Throws std::runtime_error for one that is damaged or of
/// another program.
[[nodiscard]] std::optional<TokenRecord> read_record(const std::filesystem::path& folder);
/// Writes the record atomically and durably.
void write_record(const std::filesystem::path& folder, const TokenRecord& record);

}  // namespace millrace::tools
