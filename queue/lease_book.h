// The consumer's side of the protocol, as a book without sockets, threads or clocks: messages and times go in, messages and batches
// come out. So it can be run by a transport and by a test alike. docs/message.md has the protocol.
//
// Every range that is wanted is leased to one producer; when that one is gone, or late, to another as well. The first valid answer
// wins; every other one is counted and dropped.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "proto/messages.h"
#include "proto/stage_log.h"
#include "queue/admission.h"
#include "queue/range_order.h"

namespace millrace::queue {

using Time = std::chrono::steady_clock::time_point;
using PeerId = std::string;

struct LeaseRules {
  std::uint64_t epoch = 1;                     ///< random per start of the consumer; also keeps lease numbers of two starts apart
  std::chrono::milliseconds gone_after{800};   ///< without a sign of life
  std::chrono::milliseconds late_after{2000};  ///< at least; else four times what this producer usually needs
  std::uint32_t max_late = 8;                  ///< leases of one range that are late before it is an error
};

/// What was dropped and asked again, for logs.
struct LeaseCounters {
  std::uint64_t batches = 0;
  std::uint64_t duplicates = 0;  ///< answers for a range that is not wanted any more
  std::uint64_t foreign = 0;     ///< of another stream, range or shape than asked for
  std::uint64_t gone = 0;        ///< leases lost with their producer
  std::uint64_t late = 0;        ///< leases for which a second producer was asked
};

class LeaseBook {
 public:
  LeaseBook(Admission admission, LeaseRules rules) : admission_(std::move(admission)), rules_(rules) {}

  void want(const proto::Range& range);
  /// Forgets what is wanted at another stage than this log's; answers to it are then duplicates.
  void follow(const proto::StageLog& log);
  void receive(const PeerId& from, proto::Message message, Time now);
  /// The transport could not reach this producer.
  void lost(const PeerId& peer);
  /// Finds gone and late producers and hands out what has no lease. Throws std::runtime_error, naming range and producer, when
  /// max_late producers were late with one range.
  void tick(Time now);
  /// A clean end: Bye to every producer.
  void end();

  struct Outgoing {
    PeerId to;
    proto::Message message;
  };
  [[nodiscard]] std::vector<Outgoing> take_outgoing() { return std::exchange(outgoing_, {}); }
  [[nodiscard]] std::vector<proto::Batch> take_batches() { return std::exchange(batches_, {}); }

  [[nodiscard]] const std::optional<proto::StreamMeta>& accepted() const { return accepted_; }
  [[nodiscard]] std::size_t producers() const { return peers_.size(); }
  [[nodiscard]] const LeaseCounters& counters() const { return counters_; }
  /// Why the last producer was turned away, if none is there now.
  [[nodiscard]] const std::string& last_refusal() const { return last_refusal_; }

 private:
  struct Peer {
    std::uint32_t capacity = 1;
    Time heard;
    std::set<std::uint64_t> leases;
    std::chrono::steady_clock::duration usual{};  ///< a running median of its answers
  };
  struct OpenLease {
    std::uint64_t number;
    PeerId peer;
    Time since;
    bool late = false;
  };
  struct Ask {
    proto::Range range;
    std::vector<OpenLease> leases;
    std::uint32_t late = 0;
  };
  using Asks = std::map<proto::Range, Ask, Sooner>;

  void on(const PeerId& from, const proto::Hello& hello, Time now);
  void on(const PeerId& from, const proto::Filled& filled, Time now);
  void on(const PeerId& from, const proto::Ping& ping, Time now);
  void on(const PeerId& from, const proto::Bye& bye, Time now);

  [[nodiscard]] bool answers(const proto::Filled& filled) const;
  void close_leases(Ask& ask, const PeerId& winner, Time now);
  void find_gone(Time now);
  void find_late(Time now);
  void hand_out(Time now);
  /// The least busy producer that does not hold this range yet, or the end.
  [[nodiscard]] std::map<PeerId, Peer>::iterator free_peer(const Ask& ask);
  void lease(Ask& ask, const PeerId& to, Peer& peer, Time now);

  Admission admission_;
  LeaseRules rules_;
  std::optional<proto::StreamMeta> accepted_;
  std::map<PeerId, Peer> peers_;
  Asks asks_;
  std::uint64_t leases_made_ = 0;
  std::vector<Outgoing> outgoing_;
  std::vector<proto::Batch> batches_;
  LeaseCounters counters_;
  std::string last_refusal_;
};

}  // namespace millrace::queue
