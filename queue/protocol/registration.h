// How a rank other than 0 makes itself known to rank 0, which tells producers: it registers, again
// and again, so that a producer that comes later hears of it too. A book without sockets, threads
// or clocks.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "proto/messages.h"

namespace millrace::queue {

class Registration {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Registration(proto::Register self) : self_(std::move(self)) {}

  /// What is to be sent to rank 0 now, if anything.
  [[nodiscard]] std::optional<proto::Message> tick(Time now);
  /// Throws std::runtime_error with the reason if rank 0 refuses.
  void receive(const proto::Message& message, Time now);
  /// Whether rank 0 has answered lately.
  [[nodiscard]] bool known(Time now) const;

 private:
  proto::Register self_;
  std::optional<Time> sent_;
  std::optional<Time> answered_;
};

}  // namespace millrace::queue
