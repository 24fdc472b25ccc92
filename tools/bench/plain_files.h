// What the disk gives to one that writes files and reads them again, with a queue folder's habits
// and nothing around it: the limit of file://.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace millrace::tools {

struct PlainFiles {
  std::filesystem::path folder;
  std::size_t file_bytes;
  std::size_t ahead;  ///< files that are written before the first of them is read
};

/// Bytes a second of at least so many. One thread writes each file under a temporary name and
/// renames it; another reads it whole, into memory of its own, and removes it. Nothing is synced,
/// checked, claimed or listed. Throws proto::DiskError.
[[nodiscard]] double plain_files_bytes_per_s(const PlainFiles& files, std::uint64_t bytes);

}  // namespace millrace::tools
