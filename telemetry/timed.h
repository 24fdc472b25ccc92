// Adds the seconds that it lives to a counter.
#pragma once

#include <chrono>

#include "telemetry/cells.h"

namespace millrace::telemetry {

class Timed {
 public:
  explicit Timed(Counter& seconds) : seconds_(seconds) {}
  ~Timed() { seconds_.add(std::chrono::duration<double>(Clock::now() - start_).count()); }
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  using Clock = std::chrono::steady_clock;

  Counter& seconds_;
  const Clock::time_point start_ = Clock::now();
};

}  // namespace millrace::telemetry
