// Append-only text files, one line per event, with a run's committed history: metrics.jsonl and the
// record of samples. Free of LibTorch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>

namespace millrace::trainer {

/// The step that a line belongs to; empty for a line that cannot be read.
using StepOf = std::function<std::optional<std::uint64_t>(std::string_view line)>;

/// Keeps the lines of steps up to `step`, in their order, and removes all else, lines without a
/// newline or a step included. Creates the file if it is missing. It is changed in place and under
/// a lock, since several ranks may share it. Throws std::runtime_error.
void truncate_after(const std::filesystem::path& path, std::uint64_t step, const StepOf& step_of);

/// A file open for appending. Every member throws std::runtime_error where the file cannot be
/// opened or written.
class AppendLog {
 public:
  explicit AppendLog(std::filesystem::path path);
  ~AppendLog();
  AppendLog(const AppendLog&) = delete;
  AppendLog& operator=(const AppendLog&) = delete;
  /// Appends with one write, so that lines of several processes do not mix.
  void append(std::string_view lines);
  /// Makes everything appended so far durable.
  void sync();

 private:
  std::filesystem::path path_;
  int fd_;
};

}  // namespace millrace::trainer
