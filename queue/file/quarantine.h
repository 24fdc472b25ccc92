// Damaged files of a queue folder: out of the way, so that a producer computes the chunk again;
// kept, so that somebody can look.
#pragma once

#include <cstddef>
#include <filesystem>

#include "queue/file/folder.h"

namespace millrace::queue {

/// As many are kept; the ones written first go.
inline constexpr std::size_t kMaxQuarantined = 16;

/// Moves the file to quarantine/, or removes it where there is no room. False: another reader was
/// faster. Throws DiskError where it can do neither.
[[nodiscard]] bool set_aside(const Folder& folder, const std::filesystem::path& path);

}  // namespace millrace::queue
