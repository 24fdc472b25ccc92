// Time as this room tells it: milliseconds of a clock that never goes back.
#pragma once

#include <chrono>

namespace millrace::trainer {

using Clock = std::chrono::steady_clock;

[[nodiscard]] inline double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

}  // namespace millrace::trainer
