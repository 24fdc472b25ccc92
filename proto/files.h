// What every format needs of a disk: read whole, replace atomically, make and remove folders
// (disk.h has the verbs themselves).
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "proto/disk.h"

namespace millrace::proto {

/// The content of a file. Throws DiskError "PATH: cannot read: REASON".
[[nodiscard]] std::string read_file(const std::filesystem::path& path, Disk& disk = real_disk());

/// Writes the pieces one after the other to a temporary name beside `path` and renames it: a reader
/// sees the old file or the new one, never half. Not durable. Throws DiskError with path and
/// reason; the temporary file is removed then.
void replace_file(const std::filesystem::path& path, std::span<const std::string_view> pieces,
                  Disk& disk = real_disk());
void replace_file(const std::filesystem::path& path, std::string_view content,
                  Disk& disk = real_disk());

/// The folder and those above it, as far as they are missing. Not durable.
void make_folders(const std::filesystem::path& folder, Disk& disk);
/// The same, and their names last through a power cut.
void make_durable_folders(const std::filesystem::path& folder, Disk& disk);

/// A file, or a folder and all that is in it; links are removed, not followed. Nothing is fine too.
void remove_all(const std::filesystem::path& path, Disk& disk);
/// The same where it does not matter whether it can be: what stays is removed by somebody later.
void try_remove_all(const std::filesystem::path& path, Disk& disk) noexcept;

/// A name beside `path` that no other process uses, starting with a dot.
[[nodiscard]] std::filesystem::path temporary_name(const std::filesystem::path& path);

/// 64 bits from the system's entropy source as 16 hex digits: ids of runs, processes and epochs;
/// never part of a stream.
[[nodiscard]] std::string random_id();

}  // namespace millrace::proto
