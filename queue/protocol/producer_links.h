// A producer's conversations with all ranks of a trainer: one with rank 0, whose address it was
// given, and one with every rank that rank 0 names. A book without sockets, threads or clocks.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proto/messages.h"
#include "queue/ends/ends.h"
#include "queue/protocol/producer_session.h"

namespace millrace::queue {

class ProducerLinks {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `rank_zero` is an address.
  ProducerLinks(proto::Hello self, const std::string& rank_zero);

  void receive(const std::string& address, proto::Message message, Time now);
  /// The rank at this address cannot be reached: begin anew with it.
  void unreachable(const std::string& address);
  void tick(Time now);

  struct Outgoing {
    std::string address;
    proto::Message message;
  };
  [[nodiscard]] std::vector<Outgoing> take_outgoing();
  [[nodiscard]] std::vector<LeasedRange> take_orders();

  /// Whether the rank that gave this order still waits for it.
  [[nodiscard]] bool holds(const LeasedRange& order) const;
  /// Where to send the order's answer, and how long it was held; empty if nobody waits for it. It
  /// is counted as sent.
  struct Destination {
    std::string address;
    std::chrono::microseconds held;
  };
  [[nodiscard]] std::optional<Destination> finish(const LeasedRange& order, Time now);

  /// Of all ranks, rank 0's first.
  [[nodiscard]] std::vector<std::string> addresses() const;
  /// By rank 0.
  [[nodiscard]] bool welcomed() const { return links_.front().session.welcomed(); }
  [[nodiscard]] std::size_t open_leases() const;
  /// Why a rank turned this producer away, and which.
  [[nodiscard]] std::optional<std::string> refusal() const;

 private:
  struct Link {
    std::uint32_t number;
    std::string address;
    ProducerSession session;
  };

  [[nodiscard]] Link* find(const std::string& address);
  [[nodiscard]] Link* find(std::uint32_t number);
  void add(const std::string& address);
  /// Talks to exactly those ranks that rank 0 named last.
  void follow_ranks();

  proto::Hello self_;
  std::vector<Link> links_;  ///< rank 0's first
  std::uint32_t links_made_ = 0;
};

}  // namespace millrace::queue
