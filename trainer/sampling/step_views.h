// Three views of texts while they are written: JSON lines in a file (--trace), lines on stderr
// (--verbose), and an animation on a terminal (--watch). Free of LibTorch; one thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "proto/user_file.h"
#include "trainer/sampling/sample.h"

namespace millrace::trainer {

/// {"sample":0,"step":3,"text":"T▒▒ b","tokens":[…]}; in a cascade with "stage".
[[nodiscard]] std::string to_json_line(const TextStep& step);
/// "sample 0, step 3: T▒▒ b↵"; in a cascade with "stage 2, ".
[[nodiscard]] std::string to_line(const TextStep& step);

/// The file of --trace: a line of JSON for every step of every text.
class TraceFile {
 public:
  /// Throws UsageError if the file cannot be opened.
  explicit TraceFile(const std::filesystem::path& path);
  /// Throws proto::DiskError, as finish does.
  void add(const TextStep& step) { file_.write(to_json_line(step)); }
  /// Puts the file in its place.
  void finish() { file_.finish(); }

 private:
  proto::UserFile file_;
};

struct TerminalSize {
  std::size_t columns = 80, rows = 24;
};
/// The lines of one frame: a title, a blank line, then the text, wrapped and cut to the size.
[[nodiscard]] std::vector<std::string> frame_of(const TextStep& step, const TerminalSize& size);

/// The animation of --watch on stderr: one text at a time, the first of each batch, drawn in place.
/// A frame stays for kFrame_ms at least.
class Animation {
 public:
  static constexpr int kFrame_ms = 30;
  /// Throws UsageError if stderr is no terminal.
  Animation();
  ~Animation();
  Animation(const Animation&) = delete;
  Animation& operator=(const Animation&) = delete;
  void add(const TextStep& step);

 private:
  /// Whether this step is of the text that is shown. The first text of the next batch takes its
  /// place.
  [[nodiscard]] bool follows(const TextStep& step);
  void erase();

  std::optional<std::uint64_t> shown_;  ///< the text's number
  std::uint64_t last_step_ = 0;
  std::size_t drawn_lines_ = 0;
};

}  // namespace millrace::trainer
