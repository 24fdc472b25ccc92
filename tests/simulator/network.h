// A network that loses, delays, reorders, duplicates and damages messages, and cuts off hosts. It
// is worse than ZeroMQ over TCP in every way, so a protocol that works here works there.
//
// An address is "host/process": a partition cuts off a host, and messages to a process that has
// ended are lost.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "proto/messages.h"
#include "tests/simulator/random.h"

namespace millrace::simulator {

struct NetworkFaults {
  double loss = 0.0;
  double doubled = 0.0;
  double flipped = 0.0;  ///< one bit of one frame
  Duration delay{};      ///< at most; it also reorders
};

struct Letter {
  std::string from;
  std::string to;
  proto::Frames frames;
};

class Network {
 public:
  explicit Network(Random& random) : random_(random) {}

  void set_faults(const NetworkFaults& faults) { faults_ = faults; }
  void cut_off(const std::string& host, Time until) { cut_off_[host] = until; }

  void send(Letter letter, Time now);
  [[nodiscard]] std::optional<Time> next_due() const;
  [[nodiscard]] std::optional<Letter> take(Time now);

 private:
  [[nodiscard]] bool is_cut_off(const std::string& address, Time now) const;
  [[nodiscard]] proto::Frames with_a_flipped_bit(proto::Frames frames);

  Random& random_;
  NetworkFaults faults_;
  std::map<std::string, Time> cut_off_;
  std::multimap<Time, Letter> on_their_way_;
};

}  // namespace millrace::simulator
