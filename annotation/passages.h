// Documents as passages: pieces small enough to be held, scored and counted one by one, by number.
// A document of up to 16 KiB is one passage; a longer one is cut near every 16 KiB, behind an empty
// line where there is one, else behind a line, else at a space.
//
// Where a passage begins depends on its document alone, so shards and jobs agree on it without a
// list. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace millrace::annotation {

inline constexpr std::size_t kPassageBytes = std::size_t{16} << 10;

/// At least 1.
[[nodiscard]] std::uint64_t passages_of(std::string_view document);

/// Passage j < passages_of(document), without a copy. The passages of a document follow one
/// another; one may be empty.
[[nodiscard]] std::string_view passage_of(std::string_view document, std::uint64_t j);

}  // namespace millrace::annotation
