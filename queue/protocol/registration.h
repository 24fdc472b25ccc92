// How a rank other than 0 makes itself known to rank 0, which names it to producers. It registers
// again and again, so that a rank 0 that restarts learns of it, and one that waits in vain notices
// that it is gone. A book without sockets, threads or clocks.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "proto/messages.h"
#include "queue/ends/clock.h"

namespace millrace::queue {

class Registration {
 public:
  explicit Registration(proto::Register self) : self_(std::move(self)) {}

  /// The message to send to rank 0 now, if one is due.
  [[nodiscard]] std::optional<proto::Message> tick(Time now);
  /// Throws std::runtime_error with the reason if rank 0 refuses.
  void receive(const proto::Message& message, Time now);
  /// Whether rank 0 answered within the last five seconds.
  [[nodiscard]] bool known(Time now) const;

 private:
  proto::Register self_;
  std::optional<Time> sent_;
  std::optional<Time> answered_;
};

}  // namespace millrace::queue
