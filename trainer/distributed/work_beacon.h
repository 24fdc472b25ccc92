// Tells the ranks that wait for this one that it is alive and at work, such as saving a checkpoint,
// and hears of others' work. So a rank that works for longer than train.timeout_s is not taken for
// a dead one.
//
// A thread of its own looks five times a second: it writes to one key of c10d's store while this
// rank works, and reads the key while this rank has waited for long. So short work costs next to
// nothing. A rank that waits is not at work, even if it began to:
// otherwise two ranks could wait for ever for a third one that is dead.
#pragma once

#include <c10/util/intrusive_ptr.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace c10d {
class Store;
}

namespace millrace::trainer {

class WorkBeacon {
 public:
  using Clock = std::chrono::steady_clock;

  /// `store`: a connection that nobody else uses.
  WorkBeacon(c10::intrusive_ptr<c10d::Store> store, std::uint32_t rank);
  ~WorkBeacon();
  WorkBeacon(const WorkBeacon&) = delete;
  WorkBeacon& operator=(const WorkBeacon&) = delete;

  /// Work that may take long begins and ends; it may nest.
  void begin(const std::string& what);
  void end();

  /// While it lives, this rank waits for others.
  class Waiting {
   public:
    explicit Waiting(WorkBeacon& beacon);
    ~Waiting();
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    /// When a rank was last seen at work, and which at what: "rank 0 (saving a checkpoint)".
    struct Sign {
      Clock::time_point at;
      std::string what;
    };
    /// Empty: no rank was, since the first call.
    [[nodiscard]] std::optional<Sign> last_sign();

   private:
    WorkBeacon& beacon_;
  };

 private:
  struct State;
  std::shared_ptr<State> state_;  ///< shared with the thread, which may have to be left to itself
};

}  // namespace millrace::trainer
