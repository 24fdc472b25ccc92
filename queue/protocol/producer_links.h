// A producer's conversations with all ranks of a trainer: one with rank 0, whose address it was
// given, and one with every rank that rank 0 names and that it may go to. A book without sockets,
// threads or clocks.
//
// Only rank 0, whose address the user gave, can end a producer. What goes wrong with another rank
// is reported once, and the conversation starts again after a pause.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
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
  /// Why a producer does not go to a rank's address, and what to do; empty: it does.
  using AddressError = std::function<std::string(const std::string& address)>;

  /// `rank_zero` is an address. A null `address_error` allows every address.
  ProducerLinks(proto::Hello self, const std::string& rank_zero, AddressError address_error = {});

  void receive(const std::string& address, proto::Message message, Time now);
  /// The rank at this address cannot be reached: start again with a Hello.
  void unreachable(const std::string& address);
  /// Nothing can be said to the rank at this address, for example because it speaks another version
  /// of the protocol. `reason`: a sentence that names the address.
  void useless(const std::string& address, const std::string& reason, Time now);
  void tick(Time now);

  struct Outgoing {
    std::string address;
    proto::Message message;
  };
  [[nodiscard]] std::vector<Outgoing> take_outgoing();
  /// The ranges leased since the last call.
  [[nodiscard]] std::vector<LeasedRange> take_leased();
  /// Sentences for the log.
  [[nodiscard]] std::vector<std::string> take_reports() { return std::exchange(reports_, {}); }

  /// Whether the rank that leased this range still waits for it.
  [[nodiscard]] bool holds(const LeasedRange& leased) const;
  /// The address to send an answer to, and how long its lease was held.
  struct Destination {
    std::string address;
    std::chrono::microseconds held;
  };
  /// Closes the lease; empty: nobody waits for its answer.
  [[nodiscard]] std::optional<Destination> finish(const LeasedRange& leased, Time now);

  /// Addresses of all ranks that there is something to say to, rank 0 first.
  [[nodiscard]] std::vector<std::string> addresses() const;
  /// Whether rank 0 has accepted this producer.
  [[nodiscard]] bool welcomed() const { return links_.front().session.welcomed(); }
  [[nodiscard]] std::size_t open_leases() const;
  /// Why rank 0 does not take this producer, as a sentence; empty: it has not refused.
  [[nodiscard]] const std::optional<std::string>& refusal() const { return refusal_; }

 private:
  struct Link {
    std::uint32_t number;  ///< never used again; LeasedRange::link
    std::string address;
    ProducerSession session;
    std::optional<Time> paused_until = {};
  };

  [[nodiscard]] Link* find(const std::string& address);
  [[nodiscard]] Link* find(std::uint32_t number);
  void add(const std::string& address);
  /// Adds and removes links until there is one for exactly the ranks that rank 0 named last and
  /// that this producer may go to.
  void follow_ranks();
  void look_for_refusals(Time now);
  void report_once(const std::string& sentence);

  proto::Hello self_;
  std::vector<Link> links_;  ///< rank 0's first
  std::uint32_t links_made_ = 0;
  AddressError address_error_;
  std::vector<std::string> named_;    ///< by rank 0, as of the last look
  std::vector<std::string> allowed_;  ///< those of them that it may go to
  std::optional<std::string> refusal_;
  std::vector<std::string> reports_;
  std::set<std::string> reported_;
};

}  // namespace millrace::queue
