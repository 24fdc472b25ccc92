// Whether a process is well, and what it is doing, for /healthz.
//
// A main loop says `alive` each time round, with what it does or waits for; a wait, however long,
// is well as long as the loop comes round and names its reason. It is not well when something
// failed, or when the loop has not come round for long. Any thread.
#pragma once

#include <chrono>
#include <mutex>
#include <string>

namespace millrace::telemetry {

class Health {
 public:
  using Clock = std::chrono::steady_clock;

  /// Longer between two rounds of the main loop is not well.
  explicit Health(std::chrono::seconds patience) : patience_(patience) {}

  /// The main loop came round; `state` is a few words, e.g. "waiting for data: no producer at
  /// tcp://…".
  void alive(std::string state, Clock::time_point now = Clock::now());
  /// Something failed, for good; the first reason stays.
  void failed(std::string reason);

  struct Report {
    bool ok = true;
    std::string json;  ///< {"status":"ok","state":"…"} and a newline; status: ok, stalled or failed
  };
  [[nodiscard]] Report report(Clock::time_point now = Clock::now()) const;

 private:
  const std::chrono::seconds patience_;
  mutable std::mutex mutex_;  // all that follows
  std::string state_ = "starting";
  std::string failure_;
  Clock::time_point alive_at_ = Clock::now();
};

/// One that nobody asks, for what runs unwatched: tools and tests.
[[nodiscard]] Health& null_health();

}  // namespace millrace::telemetry
