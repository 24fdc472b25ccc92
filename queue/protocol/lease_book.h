// The consumer's side of the protocol, as a book without sockets, threads or clocks: messages and
// times go in, messages and batches come out. A transport runs it over sockets, a test or
// simulation in one thread. docs/reference/message.md has the protocol.
//
// Every requested range is leased to one producer. If that one is gone, late or reports a failure,
// the range is leased to another one as well. The first valid answer wins; all others are counted
// and dropped. A slow producer keeps its lease, however late it is.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "proto/messages.h"
#include "proto/stage_log.h"
#include "queue/ends/admission.h"
#include "queue/ends/clock.h"
#include "queue/ends/range_order.h"
#include "queue/ends/transport.h"

namespace millrace::queue {

using Duration = std::chrono::steady_clock::duration;
using PeerId = std::string;

struct LeaseRules {
  /// Random per start of the consumer. It is part of every lease number, so that two starts do not
  /// share any.
  std::uint64_t epoch = 1;
  std::string run_id;                         ///< the run whose ranks may register
  std::chrono::milliseconds gone_after{800};  ///< a producer that is silent for so long is gone
  /// At least; or else four times as long as this producer usually needs.
  std::chrono::milliseconds late_after = kLateAfter;
  /// A range that is late this many times is an error; each time its limit doubles.
  std::uint32_t late_limit = 6;
  /// A range is given up after this many reported failures.
  std::uint32_t failure_limit = 3;
  /// Share of the ranges that two producers compute, to be compared.
  double audit = 0.0;
};

/// Totals, for logs and metrics.
struct LeaseCounters {
  std::uint64_t leases = 0;      ///< made, for the first time or again
  std::uint64_t duplicates = 0;  ///< answers for a range that is not wanted any more
  std::uint64_t unasked = 0;     ///< answers to leases that their sender never had
  std::uint64_t foreign = 0;     ///< answers of another stream, range or shape than asked for
  /// Answers whose bytes do not match their checksum or their header.
  std::uint64_t damaged = 0;
  std::uint64_t failed = 0;     ///< failures that producers reported
  std::uint64_t refused = 0;    ///< Hellos and Registers that were declined
  std::uint64_t gone = 0;       ///< leases lost with their producer, or on the way
  std::uint64_t late = 0;       ///< leases for which a second producer was to be asked
  std::uint64_t audited = 0;    ///< ranges that two producers computed alike
  std::uint64_t disagreed = 0;  ///< ranges that producers computed differently
};

class LeaseBook {
 public:
  LeaseBook(Admission admission, LeaseRules rules)
      : admission_(std::move(admission)), rules_(std::move(rules)) {}

  void request(const proto::Range& range);
  /// Cancels requests at another stage than this log's; answers to them are then duplicates.
  void set_stage_log(const proto::StageLog& log);
  void receive(const PeerId& from, proto::Message message, Time now);
  /// A batch came whose columns cannot be used; its header names the lease.
  void damaged(const PeerId& from, std::uint64_t lease);
  /// The transport could not reach this peer.
  void lost(const PeerId& peer);
  /// Sends Welcome to every producer: it names the ranks, and the transport learns which producers
  /// cannot be reached.
  void welcome_all();
  /// Finds gone and late producers, and leases what has no lease. Throws std::runtime_error, naming
  /// range, stage and producers, when nobody can make a range.
  void tick(Time now);
  /// A clean end: sends Bye to every producer.
  void end();

  struct Outgoing {
    PeerId to;
    proto::Message message;
  };
  [[nodiscard]] std::vector<Outgoing> take_outgoing() { return std::exchange(outgoing_, {}); }
  /// A valid answer. `link_seconds`: the time between lease and answer in which its producer did
  /// not hold the lease.
  struct Arrival {
    proto::Batch batch;
    double link_seconds = 0.0;
  };
  [[nodiscard]] std::vector<Arrival> take_arrivals() { return std::exchange(arrivals_, {}); }
  /// Sentences for the log: the first drop of every cause, and every late range.
  [[nodiscard]] std::vector<std::string> take_reports() { return std::exchange(reports_, {}); }

  [[nodiscard]] const std::optional<proto::StreamMeta>& accepted() const { return accepted_; }
  [[nodiscard]] std::size_t producers() const { return peers_.size(); }
  [[nodiscard]] std::size_t open_leases() const;
  /// Whether a producer could take another lease now. If not, requests wait for the next answer.
  [[nodiscard]] bool has_room() const;
  [[nodiscard]] const LeaseCounters& counters() const { return counters_; }
  /// The producer that has the range that is needed next, as a sentence.
  [[nodiscard]] std::string describe_next_wanted() const;
  /// Why a producer was refused last; empty: none was.
  [[nodiscard]] const std::string& last_refusal() const { return last_refusal_; }

 private:
  struct Peer {
    std::uint32_t capacity = 1;
    Time heard;
    std::set<std::uint64_t> leases;
    std::string name;
    std::deque<Duration> needed;  ///< times from lease to answer, the latest last
    std::uint32_t strikes = 0;    ///< answers that were damaged or foreign

    [[nodiscard]] bool is_full() const;
  };
  struct Lease {
    std::uint64_t number;
    PeerId peer;
    Time since;
    /// With its producer, or on the way; its answer may still come.
    bool lost = false;
    std::uint32_t pings_without = 0;  ///< pings in a row in which its producer did not name it
  };
  /// An answer for a range that is audited.
  struct Version {
    PeerId peer;
    std::string name;
    std::uint64_t digest = 0;
    Arrival arrival;
  };
  struct RangeRequest {
    proto::Range range;
    bool audited = false;
    std::vector<Version> versions;
    std::vector<Lease> leases;
    Time late_at;             ///< meaningful while a lease is open
    bool needs_lease = true;  ///< another lease is to be made
    std::uint32_t late = 0;
    std::uint32_t failed = 0;
    std::set<PeerId> failed_by;

    /// Whether no producer is known to work on it.
    [[nodiscard]] bool is_idle() const { return std::ranges::all_of(leases, &Lease::lost); }
  };
  using Requests = std::map<proto::Range, RangeRequest, Sooner>;
  struct OtherRank {
    std::string address;
    Time heard;
  };

  void on(const PeerId& from, const proto::Hello& hello, Time now);
  void on(const PeerId& from, const proto::Filled& filled, Time now);
  void on(const PeerId& from, const proto::Failed& failed, Time now);
  void on(const PeerId& from, const proto::Ping& ping, Time now);
  void on(const PeerId& from, const proto::Bye& bye, Time now);
  void on(const PeerId& from, const proto::Register& other, Time now);

  void refuse(const PeerId& to, const std::string& reason);
  [[nodiscard]] std::optional<std::string> mismatch(const PeerId& from,
                                                    const proto::Hello& hello) const;
  void welcome(const PeerId& to);
  [[nodiscard]] std::vector<std::string> rank_addresses() const;
  /// Finds leases that their producer should hold and does not name: they, or their answers, were
  /// lost on the way.
  void find_lost_on_the_way(const PeerId& from, const proto::Ping& ping, Time now);
  /// Marks this lease of the producer as lost.
  void lose(const PeerId& from, std::uint64_t lease);

  /// The request that this lease of this producer belongs to, or the end.
  [[nodiscard]] Requests::iterator request_of(const PeerId& from, std::uint64_t lease);
  [[nodiscard]] bool fits(const proto::Filled& filled, const RangeRequest& request) const;
  void accept(Requests::iterator request, const PeerId& from, const proto::Filled& filled,
              Time now);
  /// Remembers how long a producer needed for an answer.
  void learn(const PeerId& from, Duration needed);
  void deliver(Requests::iterator request, Arrival arrival);
  /// Compares the answers for an audited range: the one to deliver, or empty if another producer is
  /// to compute it. Throws std::runtime_error if too many producers disagree.
  [[nodiscard]] std::optional<Arrival> compare(RangeRequest& request);
  void report_difference(const RangeRequest& request);
  /// Delivers audited ranges that no second producer is there to compute, as they are.
  void deliver_what_cannot_be_compared();
  [[nodiscard]] bool has_answered(const RangeRequest& request, const PeerId& peer) const;
  /// A producer's name in logs.
  [[nodiscard]] std::string name_of(const PeerId& peer) const;
  /// Counts an answer without a request: to a lease that was ours once, or to a made-up one.
  void drop_unasked(const PeerId& from, std::uint64_t lease);
  /// Removes a producer; its leases are lost.
  void forget(const PeerId& peer);
  /// Takes the lease from a producer that answered it badly. After too many bad answers the
  /// producer is refused for good.
  void strike(const PeerId& from, std::uint64_t lease, const std::string& what);
  /// Closes a lease that was answered without a batch: another one is to be made.
  void release(RangeRequest& request, const PeerId& from, std::uint64_t lease);
  void close_leases(const RangeRequest& request);

  void find_gone(Time now);
  void find_silent_ranks(Time now);
  void find_late(Time now);
  void on_late(RangeRequest& request, Time now);
  void make_leases(Time now);
  /// The least busy producer that does not hold this range yet, or the end.
  [[nodiscard]] std::map<PeerId, Peer>::iterator free_peer(const RangeRequest& request);
  void lease(RangeRequest& request, const PeerId& to, Peer& peer, Time now);
  /// How long this producer may need for an answer.
  [[nodiscard]] Duration limit(const Peer& peer) const;
  [[noreturn]] void give_up(const RangeRequest& request, const std::string& why) const;
  void report_once(const std::string& cause, const std::string& sentence);

  Admission admission_;
  LeaseRules rules_;
  std::optional<proto::StreamMeta> accepted_;
  std::map<PeerId, Peer> peers_;
  std::set<PeerId> banned_;
  std::map<std::uint32_t, OtherRank> other_ranks_;
  Requests requests_;
  std::map<std::uint64_t, proto::Range> range_of_lease_;  ///< of all leases of requests_, also lost
  std::uint64_t leases_made_ = 0;
  std::vector<Outgoing> outgoing_;
  std::vector<Arrival> arrivals_;
  std::vector<std::string> reports_;
  std::set<std::string> reported_;
  LeaseCounters counters_;
  std::string last_refusal_;
};

}  // namespace millrace::queue
