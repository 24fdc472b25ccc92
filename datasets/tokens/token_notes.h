// What meta.json beside token files says of them; nanoGPT's folders have none. Written by the
// program tokenize (docs/reference/tokenizing.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "proto/schema.h"

namespace millrace::datasets {

struct TokenNotes {
  std::optional<proto::WireType> width;
  std::optional<std::uint32_t> vocab_size;
  std::optional<std::uint32_t> end_of_text;
};

/// Nothing where the folder has no meta.json. Throws std::runtime_error for one that cannot be
/// read, or says that its files are not complete.
[[nodiscard]] TokenNotes read_token_notes(const std::filesystem::path& folder);
/// The same of its content; `place` is its path.
[[nodiscard]] TokenNotes parse_token_notes(std::string_view json, const std::string& place);

}  // namespace millrace::datasets
