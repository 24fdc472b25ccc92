// Append-only text files, one line per event, with a run's committed history: metrics.jsonl and the
// record of samples. Free of LibTorch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "proto/descriptor.h"

namespace millrace::trainer {

/// The step that a line belongs to; empty for a line that cannot be read.
using StepOf = std::function<std::optional<std::uint64_t>(std::string_view line)>;

/// Whether a log may be reached through a link. Not in a run's output folder, which may come from
/// somebody else: who made the link chose what would be cut.
enum class LogLinks : std::uint8_t { kRefused, kFollowed };

/// A file that is none of ours, or a link, has the name of a log.
class NotALog : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws NotALog where there is a link, or a file whose first line has no step.
void require_log(const std::filesystem::path& path, const StepOf& step_of);

/// Keeps the lines of steps up to `step`, in their order, and removes all else, lines without a
/// newline or a step included. Creates the file if it is missing. It is changed in place and, where
/// the file system has locks, under one, since several ranks may share it. A crash amid leaves the
/// lines as they were, or cut back; only where lines to keep follow one to remove (damage, or ranks
/// that were not at one step) may it leave some of them twice. Throws NotALog, or another
/// std::runtime_error.
void truncate_after(const std::filesystem::path& path, std::uint64_t step, const StepOf& step_of,
                    LogLinks links = LogLinks::kRefused);

/// A file open for appending. Where it was removed, moved or replaced meanwhile, a warning says so,
/// and the lines go on at the path, in a new file if there is none. Every member throws
/// std::runtime_error where the file cannot be opened or written.
class AppendLog {
 public:
  explicit AppendLog(std::filesystem::path path, LogLinks links = LogLinks::kRefused);
  /// Appends with one write, so that lines of several processes do not mix. (What does not fit on a
  /// full disk is tried once more, for the reason.)
  void append(std::string_view lines);
  /// Makes everything appended so far durable, a new file's name included.
  void sync();

 private:
  /// Whether the path still leads to the open file.
  [[nodiscard]] bool in_place() const;

  std::filesystem::path path_;
  LogLinks links_;
  proto::Descriptor file_;
  bool name_is_durable_ = false;
};

}  // namespace millrace::trainer
