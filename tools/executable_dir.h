// The folder of the running program, where the other programs are too.
#pragma once

#include <filesystem>

namespace millrace::tools {

[[nodiscard]] inline std::filesystem::path executable_dir() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

}  // namespace millrace::tools
