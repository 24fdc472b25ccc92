// Small file helpers that every format needs: read whole, replace atomically, make durable.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace millrace::proto {

/// The content of a file. Throws std::runtime_error "PATH: cannot read: REASON".
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

/// Writes the pieces one after the other to a temporary name beside `path` and renames it: a reader sees the old file or the new
/// one, never half. Not durable. Throws std::runtime_error with path and reason; the temporary file is removed then.
void replace_file(const std::filesystem::path& path, std::span<const std::string_view> pieces);
void replace_file(const std::filesystem::path& path, std::string_view content);

/// fsync of a file or a folder. Throws std::runtime_error with path and reason.
void sync(const std::filesystem::path& path);

/// A name beside `path` that no other process uses, starting with a dot.
[[nodiscard]] std::filesystem::path temporary_name(const std::filesystem::path& path);

/// 64 bits from the system's entropy source as 16 hex digits: ids of runs, processes and epochs; never part of a stream.
[[nodiscard]] std::string random_id();

}  // namespace millrace::proto
