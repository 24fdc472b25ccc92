// The consumer's side of the protocol, as a book without sockets, threads or clocks: messages and
// times go in, messages and batches come out. So it can be run by a transport and by a test alike.
// docs/reference/message.md has the protocol.
//
// Every range that is wanted is leased to one producer; when that one is gone, or late, or says
// that it failed, to another as well. The first valid answer wins; every other one is counted and
// dropped. A slow producer keeps its lease, however late it is.
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
#include "queue/ends/range_order.h"

namespace millrace::queue {

using Time = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;
using PeerId = std::string;

struct LeaseRules {
  /// Random per start of the consumer; also keeps lease numbers of two starts apart.
  std::uint64_t epoch = 1;
  std::string run_id;                         ///< of the run whose ranks may register
  std::chrono::milliseconds gone_after{800};  ///< without a sign of life
  /// At least; else four times what this producer usually needs.
  std::chrono::milliseconds late_after{2000};
  /// A range that is late so often, each time after twice as long, is an error.
  std::uint32_t late_limit = 6;
  /// And so is one that producers say so often they cannot make.
  std::uint32_t failure_limit = 3;
  /// Share of the ranges that two producers compute, to be compared.
  double audit = 0.0;
};

/// What happened, for logs and for counting from outside.
struct LeaseCounters {
  std::uint64_t leases = 0;      ///< made, for the first time or again
  std::uint64_t duplicates = 0;  ///< answers for a range that is not wanted any more
  std::uint64_t unasked = 0;     ///< answers to leases that this producer never had
  std::uint64_t foreign = 0;     ///< answers of another stream, range or shape than asked for
  /// Answers whose bytes do not match their checksum or their header.
  std::uint64_t damaged = 0;
  std::uint64_t failed = 0;     ///< answers that say why there is none
  std::uint64_t refused = 0;    ///< Hellos and Registers that were declined
  std::uint64_t gone = 0;       ///< leases lost with their producer, or on the way
  std::uint64_t late = 0;       ///< leases for which a second producer was to be asked
  std::uint64_t audited = 0;    ///< ranges that two producers computed alike
  std::uint64_t disagreed = 0;  ///< ranges of which producers computed different bytes
};

class LeaseBook {
 public:
  LeaseBook(Admission admission, LeaseRules rules)
      : admission_(std::move(admission)), rules_(std::move(rules)) {}

  void request(const proto::Range& range);
  /// Forgets what is wanted at another stage than this log's; answers to it are then duplicates.
  void set_stage_log(const proto::StageLog& log);
  void receive(const PeerId& from, proto::Message message, Time now);
  /// A batch came whose columns cannot be used; its header names the lease.
  void damaged(const PeerId& from, std::uint64_t lease);
  /// The transport could not reach this peer.
  void lost(const PeerId& peer);
  /// Welcome to every producer: those that are there hear which ranks there are, and the transport
  /// learns who is not.
  void greet();
  /// Finds gone and late producers and hands out what has no lease. Throws std::runtime_error,
  /// naming range, stage and producers, when nobody can make a range.
  void tick(Time now);
  /// A clean end: Bye to every producer.
  void end();

  struct Outgoing {
    PeerId to;
    proto::Message message;
  };
  [[nodiscard]] std::vector<Outgoing> take_outgoing() { return std::exchange(outgoing_, {}); }
  /// A valid answer, and how much of its time from lease to answer its producer did not hold it:
  /// what the way took.
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
  /// Whether a producer could take another lease now; what is wanted meanwhile waits for the next
  /// answer.
  [[nodiscard]] bool has_room() const;
  [[nodiscard]] const LeaseCounters& counters() const { return counters_; }
  /// Who has the range that is wanted soonest, for a person who waits for it.
  [[nodiscard]] std::string describe_next_wanted() const;
  /// Why the last producer was turned away, if none is there now.
  [[nodiscard]] const std::string& last_refusal() const { return last_refusal_; }

 private:
  struct Peer {
    std::uint32_t capacity = 1;
    Time heard;
    std::set<std::uint64_t> leases;
    std::string name;
    std::deque<Duration> needed;  ///< for its latest answers
    std::uint32_t strikes = 0;    ///< answers that were damaged or foreign

    [[nodiscard]] bool is_full() const;
  };
  struct Lease {
    std::uint64_t number;
    PeerId peer;
    Time since;
    /// With its producer, or on the way; its answer may still come.
    bool lost = false;
    std::uint32_t pings_without = 0;  ///< in a row, in which its producer did not name it
  };
  /// Of a range that is audited: what came, and from whom.
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
    Time late_at;           ///< meaningful while a lease is open
    bool needs_one = true;  ///< another lease is to be made
    std::uint32_t late = 0;
    std::uint32_t failed = 0;
    std::set<PeerId> failed_by;
    std::string why;  ///< the latest failure's

    /// Nobody is known to be at work on it.
    [[nodiscard]] bool is_idle() const { return std::ranges::all_of(leases, &Lease::lost); }
  };
  using Asks = std::map<proto::Range, RangeRequest, Sooner>;
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
  /// Leases that their producer should hold and does not name: they, or their answers, were lost on
  /// the way.
  void find_lost_on_the_way(const PeerId& from, const proto::Ping& ping, Time now);
  void lose(const PeerId& from, std::uint64_t lease);

  /// The ask that this lease of this producer belongs to, or the end.
  [[nodiscard]] Asks::iterator ask_of(const PeerId& from, std::uint64_t lease);
  [[nodiscard]] bool fits(const proto::Filled& filled, const RangeRequest& ask) const;
  void accept(Asks::iterator ask, const PeerId& from, const proto::Filled& filled, Time now);
  void learn(const PeerId& from, Duration needed);
  void deliver(Asks::iterator ask, Arrival arrival);
  /// Whether the range is to be computed once more, to be compared; else a version of it that may
  /// be delivered is chosen.
  [[nodiscard]] std::optional<Arrival> compare(RangeRequest& ask);
  void report_difference(const RangeRequest& ask);
  /// A range that is audited and that nobody else is there to compute goes out as it is.
  void deliver_what_cannot_be_compared();
  [[nodiscard]] bool has_answered(const RangeRequest& ask, const PeerId& peer) const;
  /// A producer as logs call it.
  [[nodiscard]] std::string name_of(const PeerId& peer) const;
  /// An answer without an ask: of a lease that was ours once, or made up.
  void drop_unasked(const PeerId& from, std::uint64_t lease);
  /// Its leases are lost, and it is no producer of ours any more.
  void forget(const PeerId& peer);
  /// Takes the lease from a producer that answered it badly; too many of these and it is turned
  /// away.
  void strike(const PeerId& from, std::uint64_t lease, const std::string& what);
  /// A lease was answered, without a batch: another one is to be made.
  void release(RangeRequest& ask, const PeerId& from, std::uint64_t lease);
  void close_leases(const RangeRequest& ask);

  void find_gone(Time now);
  void find_silent_ranks(Time now);
  void find_late(Time now);
  void judge_late(RangeRequest& ask, Time now);
  void hand_out(Time now);
  /// The least busy producer that does not hold this range yet, or the end.
  [[nodiscard]] std::map<PeerId, Peer>::iterator free_peer(const RangeRequest& ask);
  void lease(RangeRequest& ask, const PeerId& to, Peer& peer, Time now);
  [[nodiscard]] Duration limit(const Peer& peer) const;
  [[noreturn]] void give_up(const RangeRequest& ask, const std::string& why) const;
  void report_once(const std::string& cause, const std::string& sentence);

  Admission admission_;
  LeaseRules rules_;
  std::optional<proto::StreamMeta> accepted_;
  std::map<PeerId, Peer> peers_;
  std::set<PeerId> banned_;
  std::map<std::uint32_t, OtherRank> other_ranks_;
  Asks asks_;
  std::map<std::uint64_t, proto::Range> range_of_lease_;  ///< of the asks' leases, open and lost
  std::uint64_t leases_made_ = 0;
  std::vector<Outgoing> outgoing_;
  std::vector<Arrival> arrivals_;
  std::vector<std::string> reports_;
  std::set<std::string> reported_;
  LeaseCounters counters_;
  std::string last_refusal_;
};

}  // namespace millrace::queue
