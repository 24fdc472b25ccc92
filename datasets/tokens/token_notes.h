// The file meta.json beside token files, which describes them. The program tokenize writes it
// (docs/reference/tokenizing.md); nanoGPT's folders have none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "proto/schema.h"

namespace millrace::datasets {

/// The keys of meta.json that are read; empty where they are missing.
struct TokenNotes {
  std::optional<proto::WireType> width;
  std::optional<std::uint32_t> vocab_size;
  std::optional<std::uint32_t> end_of_text;
};

/// Reads the folder's meta.json; all empty where there is none. Throws std::runtime_error for one
/// that cannot be read, or that says the files are not complete.
[[nodiscard]] TokenNotes read_token_notes(const std::filesystem::path& folder);
/// The same for the content of a meta.json; `place`: its path.
[[nodiscard]] TokenNotes parse_token_notes(std::string_view json, const std::string& place);

}  // namespace millrace::datasets
