// Files of one line per event that tell a run's committed history: metrics.jsonl and the record.
// Free of LibTorch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>

namespace millrace::trainer {

/// The step that a line belongs to; empty for a line that is no such thing.
using StepOf = std::function<std::optional<std::uint64_t>(std::string_view line)>;

/// Leaves the lines of steps up to `step` in their order, and nothing else: a line without end or
/// step goes too. The file is made if it is not there, and changed in place under a lock, since
/// several ranks may share it. Throws std::runtime_error.
void truncate_after(const std::filesystem::path& path, std::uint64_t step, const StepOf& step_of);

/// Appends with one write, so that lines of several processes do not mix.
class AppendLog {
 public:
  /// Throws std::runtime_error where the file cannot be opened or written.
  explicit AppendLog(std::filesystem::path path);
  ~AppendLog();
  AppendLog(const AppendLog&) = delete;
  AppendLog& operator=(const AppendLog&) = delete;
  void append(std::string_view lines);
  /// Makes what was appended last through a power cut.
  void sync();

 private:
  std::filesystem::path path_;
  int fd_;
};

}  // namespace millrace::trainer
