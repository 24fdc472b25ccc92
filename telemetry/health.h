// The health of a process, for /healthz: ok, stalled or failed, and what the process is doing.
//
// The main loop calls alive() in every iteration, with what it does or waits for. A wait, however
// long, is ok as long as the loop iterates. The process has stalled if alive() was not called for
// longer than `patience`, unless it is at work that was said to take long. Any thread.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

namespace millrace::telemetry {

class Health {
 public:
  using Clock = std::chrono::steady_clock;

  /// `patience`: the longest time between two calls of alive().
  explicit Health(std::chrono::seconds patience) : patience_(patience) {}

  /// The main loop is running. `state`: a few words, e.g. "waiting for data: no producer at
  /// tcp://…".
  void alive(std::string state, Clock::time_point now = Clock::now());
  /// Work of the main loop begins and ends that may take longer than the patience, such as saving a
  /// checkpoint: until it ends, the process has not stalled. It may nest.
  void begin_work(std::string what);
  void end_work(Clock::time_point now = Clock::now());
  /// The process failed, for good; later reasons are ignored.
  void failed(std::string reason);

  struct Report {
    bool ok = true;
    std::string json;  ///< {"status":"ok","state":"…"} and a newline; status: ok, stalled, failed
  };
  [[nodiscard]] Report report(Clock::time_point now = Clock::now()) const;

 private:
  const std::chrono::seconds patience_;
  mutable std::mutex mutex_;  // guards all that follows
  std::string state_ = "starting";
  std::string failure_;
  std::vector<std::string> work_;  ///< begun and not ended
  Clock::time_point alive_at_ = Clock::now();
};

/// A health that nobody asks for, for tools and tests.
[[nodiscard]] Health& null_health();

}  // namespace millrace::telemetry
