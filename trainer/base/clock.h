// The clock of this room: milliseconds that never go back.
#pragma once

#include <chrono>

namespace millrace::trainer {

using Clock = std::chrono::steady_clock;

/// Milliseconds from `start` until now.
[[nodiscard]] inline double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

}  // namespace millrace::trainer
