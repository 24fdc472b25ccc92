// A program that runs beside this one and ends with it, whatever ends it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace millrace::tools {

/// Of one thread, which must live as long as the child: the kernel ends the child when that thread
/// ends.
class ChildProcess {
 public:
  /// Starts `program`; what it prints goes to `log`. Throws config::UsageError where there is no
  /// such program.
  ChildProcess(const std::filesystem::path& program, const std::vector<std::string>& words,
               std::filesystem::path log);
  /// SIGTERM and, if that does not end it in time, SIGKILL.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// SIGKILL; returns at once.
  void kill();
  /// Throws, with the last line that it printed, if it ended without having been killed.
  void check();
  /// Memory that is its own and holds no file, bytes; 0 where it has ended.
  [[nodiscard]] std::uint64_t anonymous_bytes() const;

 private:
  /// Whether it has ended; reaps it then.
  [[nodiscard]] bool ended();
  [[nodiscard]] bool ends_within_limit();

  std::string name_;
  std::filesystem::path log_;
  pid_t pid_ = -1;  ///< −1: reaped
  bool killed_ = false;
};

}  // namespace millrace::tools
