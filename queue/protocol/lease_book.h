// The consumer's side of the protocol, as a book without sockets, threads or clocks: messages and
// times go in, messages and batches come out. A transport runs it over sockets, a test or
// simulation in one thread. docs/reference/message.md has the protocol.
//
// A producer is first asked for the samples of its stream's probe. Once it has answered with the
// probe's bytes it is *proven*, and its meta, where it is the first, becomes the run's.
//
// Every requested range is leased to one proven producer. If that one is gone, late or reports a
// failure, the range is leased to another one as well. The first valid answer wins; all others are
// counted and dropped. A slow producer keeps its lease, however late it is; but a producer that is
// late with one range gets no others until it answers.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "proto/messages.h"
#include "proto/stage_log.h"
#include "queue/ends/admission.h"
#include "queue/ends/clock.h"
#include "queue/ends/range_order.h"
#include "queue/ends/sender.h"
#include "queue/ends/transport.h"

namespace millrace::queue {

using Duration = std::chrono::steady_clock::duration;

struct LeaseRules {
  /// Random per start of the consumer. It is part of every lease number, so that two starts do not
  /// share any.
  std::uint64_t epoch = 1;
  std::string run_id;  ///< the run whose ranks may register
  /// What a rank must have to register (ends/secret.h); empty: no rank may.
  std::string secret = {};
  /// Whether a rank must also have authenticated with the trainer's own pair of keys.
  bool ranks_have_own_key = false;
  /// Why producers cannot be sent to a rank's address; empty: they can. Null: to any.
  std::function<std::string(const std::string& address)> rank_address_error = {};
  std::chrono::milliseconds gone_after{800};  ///< a producer that is silent for so long is gone
  /// At least; or else four times as long as this producer usually needs.
  std::chrono::milliseconds late_after = kLateAfter;
  /// A range is given up when it has been late this many times, each with twice the limit of the
  /// one before. Here and below: only while every producer that is there is late, or has failed at
  /// this range.
  std::uint32_t late_limit = 6;
  /// A range is given up when this many producers have reported a failure;
  std::uint32_t failure_limit = 3;
  /// or when they have done so again and again for this time.
  std::chrono::milliseconds failing_for{30000};
  /// Share of the ranges that two producers compute, to be compared.
  double audit = 0.0;
  /// Decides, with a range's position, whether it is audited. Drawn at random per start, and known
  /// to nobody else.
  std::string audit_key = {};
  /// Whether ranges of train have a stage (its probe then is at stage 0).
  bool trainer_names_stages = false;
};

/// Totals, for logs and metrics.
struct LeaseCounters {
  std::uint64_t leases = 0;      ///< made, for the first time or again
  std::uint64_t duplicates = 0;  ///< answers for a range that is not wanted any more
  std::uint64_t unasked = 0;     ///< answers to leases that their sender never had
  /// Answers of another stream, range or shape than asked for, or with values that the meta does
  /// not allow.
  std::uint64_t foreign = 0;
  /// Answers whose bytes do not match their checksum or their header.
  std::uint64_t damaged = 0;
  std::uint64_t failed = 0;  ///< failures that producers reported
  /// Hellos and Registers that were declined, and producers whose probe was not what they said.
  std::uint64_t refused = 0;
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
  void receive(const Sender& from, proto::Message message, Time now);
  /// A batch came whose columns cannot be used; its header names the lease.
  void damaged(const PeerId& from, std::uint64_t lease);
  /// The transport could not reach this peer.
  void lost(const PeerId& peer);
  /// Sends Welcome to every producer: it names the ranks, and the transport learns which producers
  /// cannot be reached.
  void welcome_all();
  /// Finds gone and late producers, and leases what has no lease. Throws std::runtime_error, naming
  /// range, stage, producers and their reasons, when nobody who is there can make a range, or when
  /// producers do not agree on an audited one.
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

  /// The stream of the first producer that has proven itself.
  [[nodiscard]] const std::optional<proto::StreamMeta>& accepted() const { return accepted_; }
  /// Those that were welcomed, proven or not.
  [[nodiscard]] std::size_t producers() const { return peers_.size(); }
  /// Whether a peer is one of them, or has registered as a rank.
  [[nodiscard]] bool knows(const PeerId& peer) const;
  /// Without those of probes.
  [[nodiscard]] std::size_t open_leases() const;
  /// Whether a producer could take another lease now. If not, requests wait for the next answer.
  [[nodiscard]] bool has_room() const;
  [[nodiscard]] const LeaseCounters& counters() const { return counters_; }
  /// The producer that has the range that is needed next, as a sentence.
  [[nodiscard]] std::string describe_next_wanted() const;
  /// Why a producer was refused last; empty: none was.
  [[nodiscard]] const std::string& last_refusal() const { return last_refusal_; }

 private:
  struct Lease {
    std::uint64_t number;
    PeerId peer;
    Time since;
    Time late_at{};
    bool late = false;
    /// With its producer, or on the way; its answer may still come.
    bool lost = false;
    std::uint32_t pings_without = 0;  ///< pings in a row in which its producer did not name it
  };
  struct Peer {
    std::uint32_t capacity = 1;
    Time heard;
    std::set<std::uint64_t> leases;
    std::string name;
    std::string origin;           ///< Sender::origin; its id where that is not known
    std::deque<Duration> needed;  ///< times from lease to answer, the latest last
    std::uint32_t strikes = 0;    ///< answers that were damaged or foreign
    /// Until the producer is proven: its meta, unless a stream is accepted, and the probe's lease.
    std::optional<proto::StreamMeta> offered;
    std::optional<Lease> probe;
    bool is_proven = false;
    bool is_late = false;  ///< with a lease, and has answered none since
    /// Leases that it may hold. Doubled by an answer, one after a lease that was late or lost.
    std::uint32_t trust = 8;
    std::uint32_t failed_in_a_row = 0;
    std::uint32_t failed = 0;  ///< in all
    Time rests_until{};        ///< gets no leases before

    [[nodiscard]] bool is_full() const;
    /// Whether it is to be asked now, if it is not full.
    [[nodiscard]] bool is_ready(Time now) const {
      return is_proven && !is_late && now >= rests_until;
    }
  };
  /// An answer for a range that is audited.
  struct Version {
    PeerId peer;
    std::string origin;
    std::string name;
    std::uint64_t digest = 0;
    Arrival arrival;
  };
  /// A producer's failures at one range.
  struct Failure {
    std::string name;
    std::string reason;
    std::uint32_t times = 0;
    Time again_at{};  ///< not asked for the range before
  };
  struct RangeRequest {
    proto::Range range;
    bool audited = false;
    std::vector<Version> versions;
    std::vector<Lease> leases;
    bool needs_lease = true;  ///< another lease is to be made
    std::uint32_t late = 0;
    std::uint32_t failed = 0;
    std::optional<Time> failing_since;
    std::map<PeerId, Failure> failures;

    /// Whether no producer is known to work on it.
    [[nodiscard]] bool is_idle() const { return std::ranges::all_of(leases, &Lease::lost); }
    [[nodiscard]] bool was_answered_by(const PeerId& peer) const {
      return std::ranges::find(versions, peer, &Version::peer) != versions.end();
    }
  };
  using Requests = std::map<proto::Range, RangeRequest, Sooner>;
  struct OtherRank {
    std::string address;
    Time heard;
    PeerId peer{};
  };

  void on(const Sender& from, const proto::Hello& hello, Time now);
  void on(const Sender& from, const proto::Filled& filled, Time now);
  void on(const Sender& from, const proto::Failed& failed, Time now);
  void on(const Sender& from, const proto::Ping& ping, Time now);
  void on(const Sender& from, const proto::Bye& bye, Time now);
  void on(const Sender& from, const proto::Register& other, Time now);

  void refuse(const PeerId& to, const std::string& reason);
  [[nodiscard]] std::optional<std::string> mismatch(const PeerId& from,
                                                    const proto::Hello& hello) const;
  void welcome(const PeerId& to);
  [[nodiscard]] std::vector<std::string> rank_addresses() const;
  /// Why this is not a rank of the run; empty: it is.
  [[nodiscard]] std::string error_of(const Sender& from, const proto::Register& other) const;
  /// Finds leases that their producer should hold and does not name: they, or their answers, were
  /// lost on the way.
  void find_lost_on_the_way(const PeerId& from, const proto::Ping& ping, Time now);
  /// Marks this lease of the producer as lost.
  void lose(const PeerId& from, std::uint64_t lease);

  // Probes.
  /// Asks a producer that is not proven for the range of its probe, unless it has been asked.
  /// False: the range is larger than a lease may be.
  [[nodiscard]] bool lease_probe(const PeerId& to, Peer& peer, Time now);
  /// Of all producers. Those that cannot be asked count as proven.
  void lease_probes(Time now);
  [[nodiscard]] const proto::StreamMeta& meta_of(const Peer& peer) const;
  /// The producer that this lease is the probe of, or the end.
  [[nodiscard]] std::map<PeerId, Peer>::iterator probed(const PeerId& from, std::uint64_t lease);
  void take_probe(const PeerId& from, Peer& peer, const proto::Filled& filled);
  /// The producer is proven. Where it is the first, its stream is the run's from now on, and
  /// producers of others are refused.
  void prove(const PeerId& id, Peer& peer);
  /// Forgets the producer that was asked for its probe first, if too many have not answered.
  void bound_candidates();
  /// Refuses a producer for some time, whatever it says.
  void ban(const PeerId& id, const std::string& reason);

  // Answers.
  /// The request that this lease of this producer belongs to, or the end.
  [[nodiscard]] Requests::iterator request_of(const PeerId& from, std::uint64_t lease);
  void accept(Requests::iterator request, const PeerId& from, const proto::Filled& filled,
              Time now);
  /// A producer has answered: it gets leases again.
  void recover(const PeerId& from);
  /// Remembers how long a producer needed for an answer.
  void learn(const PeerId& from, Duration needed);
  void deliver(Requests::iterator request, Arrival arrival);
  /// Compares the answers for an audited range: the one to deliver, or empty if another producer is
  /// to compute it. Throws std::runtime_error if too many producers disagree.
  [[nodiscard]] std::optional<Arrival> compare(RangeRequest& request);
  void report_difference(const RangeRequest& request);
  /// Delivers audited ranges that no second producer is there to compute, as they are.
  void deliver_what_cannot_be_compared(Time now);
  /// Whether a producer that is not late is known to work on it.
  [[nodiscard]] bool is_at_work(const RangeRequest& request) const;
  /// A producer's name in logs.
  [[nodiscard]] std::string name_of(const PeerId& peer) const;
  /// Counts an answer without a request: to a lease that was ours once, or to a made-up one.
  void drop_unasked(const PeerId& from, std::uint64_t lease);
  /// Counts a failure that a producer reported, and lets it rest if it fails again and again.
  void count_failure(const PeerId& from, const std::string& what, const std::string& reason,
                     Time now);
  /// Removes a producer; its leases are lost.
  void forget(const PeerId& peer);
  /// Takes the lease from a producer that answered it badly. After too many bad answers the
  /// producer is refused for some time.
  void strike(const PeerId& from, std::uint64_t lease, const std::string& what,
              const std::string& detail = {});
  void strike_probe(const PeerId& from, const std::string& what);
  void count_strike(const PeerId& from, const std::string& detail = {});
  /// Closes a lease that was answered without a batch: another one is to be made.
  void release(RangeRequest& request, const PeerId& from, std::uint64_t lease);
  void close_leases(const RangeRequest& request);

  void find_gone(Time now);
  void find_silent_ranks(Time now);
  void find_late(Time now);
  void on_late(RangeRequest& request, Lease& lease, Time now);
  /// A producer is late: the other ranges that it holds go to others as well.
  void fall_behind(const PeerId& id, const proto::Range& range, Time since, Time now);
  void make_leases(Time now);
  /// The producer to ask for a range, or the end: the least busy one that does not hold it yet.
  [[nodiscard]] std::map<PeerId, Peer>::iterator free_peer(const RangeRequest& request, Time now);
  /// Whether a producer is there that may yet make the range: it has neither failed at it nor is it
  /// late.
  [[nodiscard]] bool has_hope(const RangeRequest& request) const;
  /// Sends a lease; its number.
  std::uint64_t hand_out(const proto::Range& range, const PeerId& to);
  void lease(RangeRequest& request, const PeerId& to, Peer& peer, Time now);
  /// How long this producer may need for an answer.
  [[nodiscard]] Duration limit(const Peer& peer) const;
  void give_up_if_hopeless(const RangeRequest& request, Time now) const;
  /// `cause`: one of a few, never what a peer says.
  /// Whether it was said now.
  bool report_once(const std::string& cause, const std::string& sentence);

  Admission admission_;
  LeaseRules rules_;
  std::optional<proto::StreamMeta> accepted_;
  std::map<PeerId, Peer> peers_;
  struct Ban {
    std::string reason;
    Time until;
  };
  std::map<PeerId, Ban> banned_;
  std::map<std::uint32_t, OtherRank> other_ranks_;
  Requests requests_;
  std::map<std::uint64_t, proto::Range> range_of_lease_;  ///< of all leases of requests_, also lost
  std::uint64_t leases_made_ = 0;
  std::vector<Outgoing> outgoing_;
  std::vector<Arrival> arrivals_;
  std::vector<std::string> reports_;
  std::set<std::string> reported_;
  std::size_t refusals_reported_ = 0;
  Time now_{};  ///< as of the last tick()
  LeaseCounters counters_;
  std::string last_refusal_;
};

}  // namespace millrace::queue
