// Shortens paths for messages and names, without leading them to another file.
#pragma once

#include <filesystem>

namespace millrace::datasets {

/// The path without "." and "a/.." where that leads to the same file, else the path as it is: the
/// system takes "link/.." for the folder above the link's target.
[[nodiscard]] std::filesystem::path plain_path(const std::filesystem::path& path);

}  // namespace millrace::datasets
