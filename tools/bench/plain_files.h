// The limit of file://: the rate of writing files and reading them again, in the way of a queue
// folder but without its protocol.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace millrace::tools {

struct PlainFiles {
  std::filesystem::path folder;
  std::size_t file_bytes;
  std::size_t ahead;  ///< most files that are written and not yet read
};

/// Bytes per second, measured over at least `bytes`. One thread writes each file under a temporary
/// name and renames it; another reads it into memory of its own and removes it. No sync, checksum,
/// claim or folder listing. Throws proto::DiskError.
[[nodiscard]] double plain_files_bytes_per_s(const PlainFiles& files, std::uint64_t bytes);

}  // namespace millrace::tools
