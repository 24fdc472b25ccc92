// A scoped timer, and the seconds since a moment.
#pragma once

#include <chrono>

#include "telemetry/metric.h"

namespace millrace::telemetry {

[[nodiscard]] inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Adds its lifetime in seconds to a counter.
class ScopedTimer {
 public:
  explicit ScopedTimer(Counter& seconds) : seconds_(seconds) {}
  ~ScopedTimer() { seconds_.add(seconds_since(start_)); }
  ScopedTimer(const ScopedTimer&) = delete;
  ScopedTimer& operator=(const ScopedTimer&) = delete;

 private:
  Counter& seconds_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace millrace::telemetry
