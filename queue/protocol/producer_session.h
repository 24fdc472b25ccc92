// The producer's side of the protocol with one rank, as a book without sockets, threads or clocks.
// lease_book.h is its counterpart; docs/reference/message.md has the protocol.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proto/messages.h"
#include "queue/ends/clock.h"

namespace millrace::queue {

class ProducerSession {
 public:
  explicit ProducerSession(proto::Hello self) : self_(std::move(self)) {}

  void receive(proto::Message message, Time now);
  /// The rank cannot be reached: start again with a Hello.
  void unreachable();
  void tick(Time now);

  /// How long the lease was held, if its answer is still wanted; the lease is closed.
  [[nodiscard]] std::optional<std::chrono::microseconds> finish(std::uint64_t lease, Time now);

  [[nodiscard]] std::vector<proto::Message> take_outgoing() { return std::exchange(outgoing_, {}); }
  /// The leases that came since the last call.
  [[nodiscard]] std::vector<proto::Lease> take_leases() { return std::exchange(new_, {}); }

  [[nodiscard]] bool welcomed() const { return epoch_ != 0; }
  /// Whether this lease is still open: the rank has neither ended nor restarted since.
  [[nodiscard]] bool holds(std::uint64_t lease) const { return open_.contains(lease); }
  [[nodiscard]] std::size_t open_leases() const { return open_.size(); }
  /// The addresses of the run's other ranks, as rank 0 named them last.
  [[nodiscard]] const std::vector<std::string>& ranks() const { return ranks_; }
  [[nodiscard]] const std::optional<std::string>& refusal() const { return refusal_; }

 private:
  void on(const proto::Welcome& welcome, Time now);
  void on(const proto::Refuse& refuse, Time) { refusal_ = refuse.reason; }
  void on(const proto::Lease& lease, Time now);
  /// Why the stream has no such range; empty: it has.
  [[nodiscard]] std::string error_of(const proto::Range& range) const;
  void on(const proto::SayHello& say, Time);
  void on(const proto::Bye&, Time);
  /// Forgets the welcome and all leases.
  void reset();

  proto::Hello self_;
  std::uint64_t epoch_ = 0;             ///< 0: not welcomed
  std::optional<Time> last_sent_;       ///< the last Hello or Ping
  std::map<std::uint64_t, Time> open_;  ///< leases, and when they came
  std::vector<proto::Lease> new_;
  std::vector<std::string> ranks_;
  std::vector<proto::Message> outgoing_;
  std::optional<std::string> refusal_;
};

}  // namespace millrace::queue
