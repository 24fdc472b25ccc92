// The producer's side of the protocol, as a book without sockets, threads or clocks: see lease_book.h for its counterpart.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "proto/messages.h"
#include "queue/ends.h"

namespace millrace::queue {

class ProducerSession {
 public:
  using Time = std::chrono::steady_clock::time_point;

  ProducerSession(proto::StreamMeta meta, std::uint32_t capacity) : meta_(std::move(meta)), capacity_(capacity) {}

  void receive(proto::Message message);
  /// The consumer cannot be reached: begin anew.
  void unreachable();
  /// Whether the answer to this lease is still worth sending; it is counted as sent.
  [[nodiscard]] bool finish(std::uint64_t lease) { return open_.erase(lease) == 1; }
  void tick(Time now);

  [[nodiscard]] std::vector<proto::Message> take_outgoing() { return std::exchange(outgoing_, {}); }
  [[nodiscard]] std::vector<Order> take_orders() { return std::exchange(orders_, {}); }
  /// Whether orders that were handed out before are void (the consumer ended or started anew); asking resets it.
  [[nodiscard]] bool take_dropped() { return std::exchange(dropped_, false); }

  [[nodiscard]] const proto::StreamMeta& meta() const { return meta_; }
  [[nodiscard]] bool welcomed() const { return epoch_ != 0; }
  [[nodiscard]] std::size_t open_leases() const { return open_.size(); }
  [[nodiscard]] const std::optional<std::string>& refusal() const { return refusal_; }

 private:
  void on(const proto::Welcome& welcome);
  void on(const proto::Refuse& refuse) { refusal_ = refuse.reason; }
  void on(const proto::Lease& lease);
  void on(const proto::SayHello& say);
  void on(const proto::Bye&);
  void drop();

  proto::StreamMeta meta_;
  std::uint32_t capacity_;
  std::uint64_t epoch_ = 0;  ///< 0: not welcomed
  std::optional<Time> last_sign_;
  std::set<std::uint64_t> open_;
  std::vector<Order> orders_;
  std::vector<proto::Message> outgoing_;
  bool dropped_ = false;
  std::optional<std::string> refusal_;
};

}  // namespace millrace::queue
