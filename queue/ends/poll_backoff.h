// The pause between two polls of a folder: short after a poll that found something, then twice as
// long each time, up to a limit.
#pragma once

#include <algorithm>
#include <chrono>
#include <utility>

namespace millrace::queue {

class PollBackoff {
 public:
  explicit PollBackoff(std::chrono::milliseconds longest) : longest_(longest) {}

  /// The last poll found something.
  void found() { next_ = kShortest; }
  /// The pause before the next poll.
  [[nodiscard]] std::chrono::microseconds next() {
    return std::exchange(next_, std::min(2 * next_, longest_));
  }

 private:
  static constexpr std::chrono::microseconds kShortest{250};

  std::chrono::microseconds longest_;
  std::chrono::microseconds next_ = kShortest;
};

}  // namespace millrace::queue
