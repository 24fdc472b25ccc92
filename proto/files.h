// Operations on files that all formats need, made of those of a Disk: read all, replace atomically,
// make and remove folders.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proto/disk.h"

namespace millrace::proto {

/// The content of a file. Throws DiskError "PATH: cannot read: REASON", also where there is none.
[[nodiscard]] std::string read_file(const std::filesystem::path& path, Disk& disk = real_disk());

/// Writes the pieces one after the other to a temporary file beside `path` and renames it, so
/// readers see the old file or the new one. Not durable. Throws DiskError with path and reason,
/// after removing the temporary file.
void replace_file(const std::filesystem::path& path, std::span<const std::string_view> pieces,
                  Disk& disk = real_disk());
void replace_file(const std::filesystem::path& path, std::string_view content,
                  Disk& disk = real_disk());

/// Makes the folder and all missing folders above it. Not durable.
void make_folders(const std::filesystem::path& folder, Disk& disk);
/// The same, durable.
void make_durable_folders(const std::filesystem::path& folder, Disk& disk);

/// Makes the name of a file or folder durable, by a sync of the folder that it is in. One that may
/// not be opened for lack of rights is left to its owner.
void sync_name(const std::filesystem::path& path, Disk& disk);

/// Removes a file, or a folder with its content, if there is one. Links are removed, not followed.
/// False where a folder stays, because another process puts files in meanwhile, or NFS keeps a file
/// that one has open.
bool remove_all(const std::filesystem::path& path, Disk& disk);
/// Removes a file, a link or an empty folder, if there is one, ignoring errors.
void try_remove(const std::filesystem::path& path, Disk& disk) noexcept;
/// remove_all, ignoring errors.
void try_remove_all(const std::filesystem::path& path, Disk& disk) noexcept;

/// A new name beside `path` that nobody can guess: ".NAME.ID.tmp". It holds the name of `path`
/// where both fit into the NAME_MAX bytes of a name. To be made with Disk::write_new, create or
/// make_folder, which take no name that is there.
[[nodiscard]] std::filesystem::path temporary_name(const std::filesystem::path& path);
/// The name for which temporary_name made this one, or a stand-in for one too long to be held;
/// empty where it did not.
[[nodiscard]] std::optional<std::string> final_name_of(std::string_view temporary);

/// 64 bits from the system's entropy source as 16 hex digits, for ids of runs, processes and
/// epochs. Never part of a stream.
[[nodiscard]] std::string random_id();

}  // namespace millrace::proto
