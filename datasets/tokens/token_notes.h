// The file meta.json beside token files, which describes them. The program tokenize writes it
// (docs/reference/tokenizing.md); nanoGPT's folders have none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/schema.h"

namespace millrace::datasets {

/// A token file as meta.json describes it.
struct NotedFile {
  std::string name;
  std::uint64_t tokens = 0;
  std::string hash;  ///< xxh64 of its bytes, 16 hex digits
  bool operator==(const NotedFile&) const = default;
};

/// The keys of meta.json that are read; empty where they are missing.
struct TokenNotes {
  std::optional<proto::WireType> width;
  std::optional<std::uint32_t> vocab_size;
  std::optional<std::uint32_t> end_of_text;
  /// The files of each split, if tokenize wrote the meta.json.
  std::optional<std::map<std::string, std::vector<NotedFile>>> files;
  /// Of the tokenizer that made the files, if tokenize wrote the meta.json; else empty.
  std::string tokenizer_hash;

  /// The file of this name; nullptr where it is not listed.
  [[nodiscard]] const NotedFile* find(std::string_view name) const;
};

/// Throws std::runtime_error "FOLDER: …" where the files of a split are not those that the notes
/// list, if they list files. `names`: those that are there.
void check_names(const TokenNotes& notes, std::string_view split,
                 const std::vector<std::string>& names, const std::filesystem::path& folder);
/// Throws std::runtime_error "PATH: …" where the notes describe the file, and it has another number
/// of tokens or another hash.
void check_content(const TokenNotes& notes, const std::filesystem::path& path, std::uint64_t tokens,
                   const std::string& hash);

/// Reads the folder's meta.json; all empty where there is none. Throws std::runtime_error for one
/// that cannot be read, or that says the files are not complete.
[[nodiscard]] TokenNotes read_token_notes(const std::filesystem::path& folder);
/// The same for the content of a meta.json; `place`: its path.
[[nodiscard]] TokenNotes parse_token_notes(std::string_view json, const std::string& place);

}  // namespace millrace::datasets
