// The folder of the running program, where the other programs are too.
#pragma once

#include <sys/auxv.h>

#include <filesystem>
#include <system_error>

namespace millrace::tools {

/// Without /proc: as the program was started, a path relative to the working directory or not.
[[nodiscard]] inline std::filesystem::path executable_dir() {
  std::error_code no_proc;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", no_proc);
  if (!no_proc) return program.parent_path();
  // NOLINTNEXTLINE(performance-no-int-to-ptr): getauxval() gives addresses as numbers
  const auto* const started = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  return std::filesystem::absolute(started).parent_path();
}

}  // namespace millrace::tools
