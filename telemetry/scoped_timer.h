// Adds the seconds that it lives to a counter.
#pragma once

#include <chrono>

#include "telemetry/metric.h"

namespace millrace::telemetry {

class ScopedTimer {
 public:
  explicit ScopedTimer(Counter& seconds) : seconds_(seconds) {}
  ~ScopedTimer() { seconds_.add(std::chrono::duration<double>(Clock::now() - start_).count()); }
  ScopedTimer(const ScopedTimer&) = delete;
  ScopedTimer& operator=(const ScopedTimer&) = delete;

 private:
  using Clock = std::chrono::steady_clock;

  Counter& seconds_;
  const Clock::time_point start_ = Clock::now();
};

}  // namespace millrace::telemetry
