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
#include "queue/ends/clock.h"
#include "queue/ends/ends.h"
#include "queue/protocol/producer_session.h"

namespace millrace::queue {

class ProducerLinks {
 public:
  /// `rank_zero` is an address.
  ProducerLinks(proto::Hello self, const std::string& rank_zero);

  void receive(const std::string& address, proto::Message message, Time now);
  /// The rank at this address cannot be reached: start again with a Hello.
  void unreachable(const std::string& address);
  void tick(Time now);

  struct Outgoing {
    std::string address;
    proto::Message message;
  };
  [[nodiscard]] std::vector<Outgoing> take_outgoing();
  /// The ranges leased since the last call.
  [[nodiscard]] std::vector<LeasedRange> take_leased();

  /// Whether the rank that leased this range still waits for it.
  [[nodiscard]] bool holds(const LeasedRange& leased) const;
  /// The address to send an answer to, and how long its lease was held.
  struct Destination {
    std::string address;
    std::chrono::microseconds held;
  };
  /// Closes the lease; empty: nobody waits for its answer.
  [[nodiscard]] std::optional<Destination> finish(const LeasedRange& leased, Time now);

  /// Addresses of all ranks, rank 0 first.
  [[nodiscard]] std::vector<std::string> addresses() const;
  /// Whether rank 0 has accepted this producer.
  [[nodiscard]] bool welcomed() const { return links_.front().session.welcomed(); }
  [[nodiscard]] std::size_t open_leases() const;
  /// The rank that refused this producer, and its reason, as a sentence; empty: none did.
  [[nodiscard]] std::optional<std::string> refusal() const;

 private:
  struct Link {
    std::uint32_t number;  ///< never used again; LeasedRange::link
    std::string address;
    ProducerSession session;
  };

  [[nodiscard]] Link* find(const std::string& address);
  [[nodiscard]] Link* find(std::uint32_t number);
  void add(const std::string& address);
  /// Adds and removes links until there is one for exactly the ranks that rank 0 named last.
  void follow_ranks();

  proto::Hello self_;
  std::vector<Link> links_;  ///< rank 0's first
  std::uint32_t links_made_ = 0;
};

}  // namespace millrace::queue
