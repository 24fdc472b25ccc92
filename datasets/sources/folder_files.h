// Lists the files of a folder that belong to a dataset: all below it, through links, except hidden
// ones and what other programs leave behind.
#pragma once

#include <filesystem>
#include <vector>

namespace millrace::datasets {

/// Paths relative to the folder, compared byte by byte.
struct FolderFiles {
  std::vector<std::filesystem::path> files;
  /// Files that no dataset is made of: marks of Spark (_SUCCESS), of Windows (Thumbs.db), copies
  /// and unfinished files of editors and downloads (x~, x.tmp).
  std::vector<std::filesystem::path> left_out;
};

/// Throws proto::DiskError for a folder that cannot be listed, std::runtime_error for a link that
/// leads nowhere, for a folder that is reached twice, and for pipes, sockets and devices.
[[nodiscard]] FolderFiles list_folder(const std::filesystem::path& folder);

}  // namespace millrace::datasets
