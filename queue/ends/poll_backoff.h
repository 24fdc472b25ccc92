// How long to let a folder be between two looks at it: hardly at all after something was found,
// then longer and longer.
#pragma once

#include <algorithm>
#include <chrono>
#include <utility>

namespace millrace::queue {

class PollBackoff {
 public:
  explicit PollBackoff(std::chrono::milliseconds longest) : longest_(longest) {}

  void found() { next_ = kShortest; }
  /// Until the next look, and twice as long until the one after it.
  [[nodiscard]] std::chrono::microseconds next() {
    return std::exchange(next_, std::min(2 * next_, longest_));
  }

 private:
  static constexpr std::chrono::microseconds kShortest{250};

  std::chrono::microseconds longest_;
  std::chrono::microseconds next_ = kShortest;
};

}  // namespace millrace::queue
