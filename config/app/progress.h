// One line of progress on stderr: redrawn in place on a terminal, logged now and then elsewhere.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace millrace::config {

class Progress {
 public:
  Progress();
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Shows `text()` if it is time to: twice a second on a terminal, every ten seconds in a log.
  void update(const std::function<std::string()>& text);
  /// Ends the line, so that what is logged next starts on its own.
  void clear();

 private:
  bool terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace millrace::config
