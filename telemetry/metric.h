// One number that rooms change and others read: a total that only grows, or a level that goes up
// and down.
//
// Numbers are doubles, as Prometheus reads them: counts are exact up to 2^53. Any thread, relaxed:
// a reader sees each number whole, and no order between two of them.
#pragma once

#include <atomic>

namespace millrace::telemetry {

class Cell {
 public:
  Cell() = default;
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;

  [[nodiscard]] double value() const { return value_.load(std::memory_order_relaxed); }

 protected:
  std::atomic<double> value_{0.0};
};

/// A total since the start of the process.
class Counter : public Cell {
 public:
  void add(double amount = 1.0) { value_.fetch_add(amount, std::memory_order_relaxed); }

  /// Takes over a total that is counted elsewhere; a smaller one changes nothing.
  void raise_to(double total) {
    double seen = value();
    while (seen < total && !value_.compare_exchange_weak(seen, total, std::memory_order_relaxed)) {
    }
  }
};

/// A level.
class Gauge : public Cell {
 public:
  void set(double level) { value_.store(level, std::memory_order_relaxed); }
  void add(double amount) { value_.fetch_add(amount, std::memory_order_relaxed); }
};

/// A level that is one higher as long as the object lives.
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
