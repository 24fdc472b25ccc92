// A program that runs as a child process and ends with this process, however that ends.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace millrace::tools {

/// Used by one thread, which must live as long as the child: the kernel kills the child when that
/// thread ends.
class ChildProcess {
 public:
  /// Starts `program`, with its output in the file `log`. Throws config::UsageError if there is no
  /// such program.
  ChildProcess(const std::filesystem::path& program, const std::vector<std::string>& words,
               std::filesystem::path log);
  /// Sends SIGTERM and, after three seconds, SIGKILL.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Sends SIGKILL and returns at once.
  void kill();
  /// Throws, with the last line of output, if the child ended without kill().
  void check();
  /// Anonymous resident memory in bytes; 0 if the child has ended.
  [[nodiscard]] std::uint64_t anonymous_bytes() const;

 private:
  /// Whether the child has ended; if so, reaps it.
  [[nodiscard]] bool ended();
  [[nodiscard]] bool ends_within_limit();

  std::string name_;
  std::filesystem::path log_;
  pid_t pid_ = -1;  ///< −1: reaped
  bool killed_ = false;
};

}  // namespace millrace::tools
