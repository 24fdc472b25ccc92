// A metric: a number that the program changes and Prometheus reads. A counter is a total that only
// grows, a gauge a level that goes up and down.
//
// Numbers are doubles, as Prometheus reads them: counts are exact up to 2^53. Any thread. Memory
// order is relaxed: a reader never sees a torn number, but may see changes of two metrics in either
// order.
#pragma once

#include <atomic>

namespace millrace::telemetry {

class Metric {
 public:
  Metric() = default;
  Metric(const Metric&) = delete;
  Metric& operator=(const Metric&) = delete;

  [[nodiscard]] double value() const { return value_.load(std::memory_order_relaxed); }

 protected:
  std::atomic<double> value_{0.0};
};

/// A total since the start of the process.
class Counter : public Metric {
 public:
  void add(double amount = 1.0) { value_.fetch_add(amount, std::memory_order_relaxed); }

  /// Sets the total to one that is counted elsewhere; a smaller one changes nothing.
  void raise_to(double total) {
    double seen = value();
    while (seen < total && !value_.compare_exchange_weak(seen, total, std::memory_order_relaxed)) {
    }
  }
};

/// A level.
class Gauge : public Metric {
 public:
  void set(double level) { value_.store(level, std::memory_order_relaxed); }
  void add(double amount) { value_.fetch_add(amount, std::memory_order_relaxed); }
};

/// Raises a gauge by one during its lifetime.
class ScopedIncrement {
 public:
  explicit ScopedIncrement(Gauge& gauge) : gauge_(gauge) { gauge_.add(1.0); }
  ~ScopedIncrement() { gauge_.add(-1.0); }
  ScopedIncrement(const ScopedIncrement&) = delete;
  ScopedIncrement& operator=(const ScopedIncrement&) = delete;

 private:
  Gauge& gauge_;
};

}  // namespace millrace::telemetry
