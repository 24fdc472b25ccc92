// Texts while they are written: kept in a file, told line by line, or moving in place on a
// terminal. Free of LibTorch; one thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "trainer/sampling/sample.h"

namespace millrace::trainer {

/// {"sample":0,"step":3,"text":"T▒▒ b","tokens":[…]}, and "stage" where there are several.
[[nodiscard]] std::string to_json_line(const TextStep& step);
/// "sample 0, step 3: T▒▒ b↵", with "stage 2, " where there are several.
[[nodiscard]] std::string to_line(const TextStep& step);

/// A line of JSON for every step of every text.
class TraceFile {
 public:
  /// Throws UsageError where the file cannot be written.
  explicit TraceFile(const std::filesystem::path& path);
  void add(const TextStep& step);
  /// Throws std::runtime_error if not all of it could be written.
  void finish();

 private:
  std::filesystem::path path_;
  std::ofstream file_;
};

struct TerminalSize {
  std::size_t columns = 80, rows = 24;
};
/// The lines of a frame: what it is, then the text, wrapped, as far as there is room.
[[nodiscard]] std::vector<std::string> frame_of(const TextStep& step, const TerminalSize& size);

/// One text at a time, drawn over itself on stderr: the first of each batch. A frame stays for
/// kFrame_ms at least.
class Animation {
 public:
  static constexpr int kFrame_ms = 30;
  /// Throws UsageError where stderr is no terminal.
  Animation();
  ~Animation();
  Animation(const Animation&) = delete;
  Animation& operator=(const Animation&) = delete;
  void add(const TextStep& step);

 private:
  /// Whether it is the text that is watched; the next one is chosen once that has moved on.
  [[nodiscard]] bool follows(const TextStep& step);
  void erase();

  std::optional<std::uint64_t> watched_;
  std::uint64_t last_step_ = 0;
  std::size_t drawn_ = 0;  ///< lines on the screen
};

}  // namespace millrace::trainer
