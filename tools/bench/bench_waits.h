// The clock of measurements, and waiting with a time limit.
#pragma once

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

#include "config/app/stop.h"

namespace millrace::tools {

using Clock = std::chrono::steady_clock;

[[nodiscard]] inline double seconds_between(Clock::time_point from, Clock::time_point until) {
  return std::chrono::duration<double>(until - from).count();
}
[[nodiscard]] inline double seconds_since(Clock::time_point start) {
  return seconds_between(start, Clock::now());
}

/// Throws if the process was asked to stop.
inline void check_not_stopped() {
  config::check_stop("stopped before everything was measured; what was printed stands");
}

/// Checks `done` every millisecond. Throws "waited N s for WHAT" after `limit`, and if the process
/// is asked to stop.
inline void wait_for(const std::function<bool()>& done, const std::string& what,
                     std::chrono::seconds limit) {
  const auto start = Clock::now();
  while (!done()) {
    check_not_stopped();
    if (Clock::now() - start > limit) {
      throw std::runtime_error("waited " + std::to_string(limit.count()) + " s for " + what);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace millrace::tools
