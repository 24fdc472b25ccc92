// Looks at the beginning of a token file before it is believed: the file itself does not say what
// it holds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>

#include "proto/schema.h"

namespace millrace::datasets {

/// Throws std::runtime_error "PATH: …" for a file that holds something else than ids, and for ids
/// that seem to be of another width or byte order, or floating-point numbers; these not where the
/// width is known (`is_known`).
void check_token_file(const std::filesystem::path& path, proto::WireType width, bool is_known);

/// The bits of an id, 8, 32 or 64, if ids that are read as 16 bits seem to have these. Empty for
/// fewer than 32 ids, of which nothing can be said.
[[nodiscard]] std::optional<int> other_width(std::span<const std::uint16_t> ids);
/// The same for ids that are read as 32 bits: 64, or empty.
[[nodiscard]] std::optional<int> other_width(std::span<const std::uint32_t> ids);

/// The bits of an id, 16 or 32, if ids that are read as 16 bits seem to have these with the most
/// significant byte first. Empty for fewer than 32 ids.
[[nodiscard]] std::optional<int> swapped_width(std::span<const std::uint16_t> ids);
/// The same for ids that are read as 32 bits: 32, or empty.
[[nodiscard]] std::optional<int> swapped_width(std::span<const std::uint32_t> ids);

/// The bits of a number, 32 or 64, if the bytes seem to be floating-point numbers: all of them 0 or
/// between 1e-6 and 1e6, with either sign. Empty for fewer than 32.
[[nodiscard]] std::optional<int> float_width(std::string_view bytes);

}  // namespace millrace::datasets
