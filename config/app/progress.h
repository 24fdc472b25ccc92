// A progress line on stderr: redrawn in place on a terminal, logged periodically otherwise.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

namespace millrace::config {

/// The beginning of a UTF-8 text that takes `columns` columns of a terminal, each character one.
[[nodiscard]] std::string first_columns(std::string text, std::size_t columns);

class Progress {
 public:
  Progress();
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Shows `text()` if the last one is old enough: 0.5 s on a terminal, 10 s in a log.
  void update(const std::function<std::string()>& text);
  /// Removes the line, so that the next log message starts on a line of its own.
  void clear();

 private:
  bool terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace millrace::config
