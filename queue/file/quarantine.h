// Damaged files of a queue folder: moved away, so that a producer computes the chunk again, and
// kept for inspection.
#pragma once

#include <cstddef>
#include <filesystem>

#include "queue/file/folder.h"

namespace millrace::queue {

/// The most files that are kept; those written first are deleted.
inline constexpr std::size_t kMaxQuarantined = 16;

/// Moves the file (or whatever has its name: a link, a pipe, a folder) to quarantine/, or deletes
/// it where that fails. False: another reader was faster. Throws DiskError if it can do neither.
[[nodiscard]] bool set_aside(const Folder& folder, const std::filesystem::path& path);

}  // namespace millrace::queue
