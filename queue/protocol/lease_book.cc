// The consumer's side of the protocol (lease_book.h).
#include "queue/protocol/lease_book.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

#include "base/text.h"
#include "base/utf8.h"
#include "proto/batch_values.h"
#include "proto/digest.h"
#include "proto/probe.h"
#include "queue/ends/secret.h"

namespace millrace::queue {
namespace {

/// Open leases of a producer: per worker, the range it computes and the next one.
constexpr std::uint32_t kLeasesPerCapacity = 2;
/// The same for a producer whose last answer came within kQuick: it would wait for its next lease.
constexpr std::uint32_t kLeasesPerCapacityIfQuick = 4;
constexpr std::chrono::milliseconds kQuick{20};
constexpr std::uint32_t kMaxCapacity = 256;
constexpr std::size_t kMaxProducers = 4096;
/// The time that a producer usually needs is the median over this many of its latest answers.
constexpr std::size_t kAnswersKept = 15;
constexpr int kLateFactor = 4;
/// Damaged or foreign answers after which a producer is refused for some time. Rank 0's refusal
/// ends it; towards other ranks it goes on, and may have been repaired.
constexpr std::uint32_t kMaxStrikes = 8;
constexpr std::chrono::seconds kBannedFor{60};
constexpr std::size_t kMaxBanned = 4096;
/// Producers that computed other bytes for one audited range each, after which the run ends;
constexpr std::size_t kMaxVersions = 3;
/// or answers in all, where producers of several origins keep to different bytes.
constexpr std::size_t kMaxAnswers = 6;
/// Producers that have not proven themselves, while no stream is accepted. Each has a meta.
constexpr std::size_t kMaxCandidates = 16;
/// The same while one is accepted: strangers that only say Hello must not take all places.
constexpr std::size_t kMaxUnproven = 256;
/// A producer that fails is asked for the same range after a pause, and from the third failure in a
/// row for any range. The pause doubles four times.
constexpr std::chrono::milliseconds kFirstPause{500};
constexpr std::uint32_t kPauseDoubles = 4;
constexpr std::uint32_t kFailuresBeforeRest = 3;
/// Refusals with a reason of their own that the log names.
constexpr std::size_t kMaxRefusalsReported = 32;
/// Producers that an error names, each with its reason.
constexpr std::size_t kMostReasons = 8;
/// Leases of one range, lost ones included; beyond that the oldest lost one is forgotten.
constexpr std::size_t kMaxLeasesOfARange = 64;
/// A lease was lost on the way if its producer does not name it in this many pings in a row, not
/// counting pings that may have been sent before the lease arrived.
constexpr std::uint32_t kPingsWithout = 2;
constexpr std::chrono::milliseconds kOnTheWayAtMost{500};
/// A rank registers five times a second; after this silence producers are told that it is gone.
constexpr std::chrono::seconds kRankSilentAfter{5};

std::string describe(const proto::Range& range) {
  return std::string(proto::to_string(range.split)) + " samples [" + std::to_string(range.first) +
         ", " + std::to_string(range.end()) + ")" +
         (range.stage ? " at stage " + std::to_string(*range.stage) : "");
}

/// A routing id, which is random bytes, as logs show it.
std::string printable(const PeerId& peer) { return proto::hex16(proto::xxh64(peer)); }

const std::string kDamaged = "damaged";
const std::string kNotAskedFor = "not what it was asked for";

/// Whether a range is audited: a hash of its position and a secret decides, so that no producer
/// knows which ranges are.
bool is_drawn(const proto::Range& range, const std::string& key, double share) {
  const std::string text =
      key + ' ' + std::string(proto::to_string(range.split)) + ' ' + std::to_string(range.first);
  return static_cast<double>(proto::xxh64(text) >> 11) * 0x1.0p-53 < share;
}

std::uint64_t digest_of(const proto::Batch& batch) {
  std::string digests;
  for (const proto::SharedBytes& column : batch.columns) {
    digests += proto::hex16(proto::xxh64(column.bytes));
  }
  return proto::xxh64(digests);
}

/// Whether an answer is of this stream and range, in fields of the right sizes.
bool fits(const proto::Filled& filled, const proto::StreamMeta& meta, const proto::Range& range) {
  return filled.batch.range == range && filled.fingerprint == meta.fingerprint &&
         proto::fits(meta.schema, filled.batch);
}

/// The pause after so many failures.
Duration pause_after(std::uint32_t failures) {
  return kFirstPause * (1 << std::min(failures - 1, kPauseDoubles));
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::string seconds_text(Duration duration) {
  return std::to_string(std::llround(seconds(duration))) + " s";
}

}  // namespace

// --- Requests.

void LeaseBook::request(const proto::Range& range) {
  RangeRequest request;
  request.range = range;
  request.audited = rules_.audit > 0 && is_drawn(range, rules_.audit_key, rules_.audit);
  requests_.try_emplace(range, std::move(request));
}

void LeaseBook::set_stage_log(const proto::StageLog& log) {
  for (auto at = requests_.begin(); at != requests_.end();) {
    if (proto::agrees(log, at->first)) {
      ++at;
      continue;
    }
    close_leases(at->second);
    at = requests_.erase(at);
  }
}

std::size_t LeaseBook::open_leases() const {
  std::size_t open = 0;
  for (const auto& [id, peer] : peers_) open += peer.leases.size();
  return open;
}

std::string LeaseBook::describe_next_wanted() const {
  if (!peers_.empty() &&
      std::ranges::none_of(peers_, [](const auto& peer) { return peer.second.is_proven; })) {
    return "producer " + name_of(peers_.begin()->first) +
           " has yet to send the first samples of its stream";
  }
  if (requests_.empty()) return "nothing is asked for";
  const auto& [range, request] = *requests_.begin();
  const auto held = std::ranges::find(request.leases, false, &Lease::lost);
  if (held == request.leases.end()) {
    return describe(range) + ": all producers are at work on other ranges";
  }
  return describe(range) + ": producer " + name_of(held->peer) + " is at work on them";
}

// --- Messages of producers and ranks.

void LeaseBook::receive(const Sender& from, proto::Message message, Time now) {
  if (const auto peer = peers_.find(from.id); peer != peers_.end()) peer->second.heard = now;
  std::visit(
      [&](const auto& one) {
        if constexpr (requires { on(from, one, now); }) on(from, one, now);
      },
      message);
}

void LeaseBook::on(const Sender& from, const proto::Hello& hello, Time now) {
  if (const auto reason = mismatch(from.id, hello)) {
    last_refusal_ = *reason;
    return refuse(from.id, *reason);
  }
  Peer peer;
  if (const auto known = peers_.find(from.id); known != peers_.end()) {
    // It has dropped its leases, and must prove itself anew; what it did badly is not forgotten.
    peer.strikes = known->second.strikes;
    peer.failed = known->second.failed;
    peer.failed_in_a_row = known->second.failed_in_a_row;
    peer.rests_until = known->second.rests_until;
    forget(from.id);
  }
  peer.capacity = std::clamp(hello.capacity, 1U, kMaxCapacity);
  peer.name = hello.name;
  peer.origin = from.origin;
  peer.heard = now;
  if (!accepted_) peer.offered = hello.meta;
  peers_[from.id] = std::move(peer);
  bound_candidates();
  welcome(from.id);
}

std::optional<std::string> LeaseBook::mismatch(const PeerId& from,
                                               const proto::Hello& hello) const {
  if (const auto banned = banned_.find(from); banned != banned_.end()) return banned->second.reason;
  if (peers_.size() >= kMaxProducers && !peers_.contains(from)) {
    return "this trainer has " + std::to_string(kMaxProducers) + " producers already";
  }
  if (hello.meta.probe[static_cast<std::size_t>(proto::Split::kTrain)].empty()) {
    return "its meta has no probe of the train split";
  }
  return admission_.mismatch(hello.meta);
}

void LeaseBook::refuse(const PeerId& to, const std::string& reason) {
  ++counters_.refused;
  const std::string said(base::whole_characters(reason, proto::kMaxReasonBytes));
  if (refusals_reported_ < kMaxRefusalsReported &&
      report_once("refused " + said, "refused producer " + name_of(to) + ": " + said)) {
    ++refusals_reported_;
  }
  outgoing_.push_back({to, proto::Refuse{reason}});
}

void LeaseBook::welcome(const PeerId& to) {
  outgoing_.push_back({to, proto::Welcome{rules_.epoch, rank_addresses()}});
}

std::vector<std::string> LeaseBook::rank_addresses() const {
  std::vector<std::string> addresses;
  for (const auto& [rank, other] : other_ranks_) addresses.push_back(other.address);
  return addresses;
}

void LeaseBook::on(const Sender& from, const proto::Ping& ping, Time now) {
  if (!peers_.contains(from.id) || ping.epoch != rules_.epoch) {
    outgoing_.push_back({from.id, proto::SayHello{rules_.epoch}});
    return;
  }
  if (ping.ranks_digest != proto::digest_of_ranks(rank_addresses())) welcome(from.id);
  find_lost_on_the_way(from.id, ping, now);
  // It has nothing left to do, so its answer was lost on the way.
  if (ping.leases.empty() && peers_.at(from.id).leases.empty()) recover(from.id);
}

void LeaseBook::find_lost_on_the_way(const PeerId& from, const proto::Ping& ping, Time now) {
  const std::set<std::uint64_t> named(ping.leases.begin(), ping.leases.end());
  const auto is_lost = [&](Lease& held) {
    const bool there = named.contains(held.number) || now - held.since < kOnTheWayAtMost;
    held.pings_without = there ? 0 : held.pings_without + 1;
    return held.pings_without >= kPingsWithout;
  };
  Peer& peer = peers_.at(from);
  if (peer.probe && is_lost(*peer.probe)) peer.probe.reset();
  const std::set<std::uint64_t> open = peer.leases;  // a copy: lose() changes it
  for (const std::uint64_t number : open) {
    RangeRequest& request = requests_.at(range_of_lease_.at(number));
    if (!is_lost(*std::ranges::find(request.leases, number, &Lease::number))) continue;
    lose(from, number);
    peer.trust = 1;
  }
}

void LeaseBook::lose(const PeerId& from, std::uint64_t number) {
  RangeRequest& request = requests_.at(range_of_lease_.at(number));
  for (Lease& held : request.leases) held.lost = held.lost || held.number == number;
  request.needs_lease = request.needs_lease || request.is_idle();
  peers_.at(from).leases.erase(number);
  ++counters_.gone;
}

void LeaseBook::on(const Sender& from, const proto::Bye&, Time) { forget(from.id); }

void LeaseBook::on(const Sender& from, const proto::Register& other, Time now) {
  if (const std::string error = error_of(from, other); !error.empty()) {
    ++counters_.refused;
    report_once("rank", "refused a rank" +
                            (from.origin.empty() ? std::string() : " (of " + from.origin + ")") +
                            ": " + error);
    outgoing_.push_back({from.id, proto::Refuse{error}});
    return;
  }
  OtherRank& known = other_ranks_[other.rank];
  const bool changed = known.address != other.address;
  known = {other.address, now, from.id};
  outgoing_.push_back({from.id, proto::Welcome{rules_.epoch, {}}});
  if (changed) welcome_all();
}

std::string LeaseBook::error_of(const Sender& from, const proto::Register& other) const {
  const bool has_key = from.own_key || !rules_.ranks_have_own_key;
  // The reason names nothing of this run: a stranger may ask.
  if (!is_same_secret(rules_.secret, other.secret) || !has_key || other.run_id != rules_.run_id) {
    return "it is not a rank of the run that listens here; if it is one of another run, choose "
           "another queue.uri for one of them";
  }
  if (other.rank == 0 || other.rank >= proto::kMaxRanks) {
    return "rank " + std::to_string(other.rank) + " is not from 1 to " +
           std::to_string(proto::kMaxRanks - 1);
  }
  return rules_.rank_address_error ? rules_.rank_address_error(other.address) : "";
}

// --- Probes.

const proto::StreamMeta& LeaseBook::meta_of(const Peer& peer) const {
  return peer.offered ? *peer.offered : *accepted_;
}

bool LeaseBook::lease_probe(const PeerId& to, Peer& peer, Time now) {
  if (peer.is_proven || peer.probe || now < peer.rests_until) return true;
  const proto::StreamMeta& meta = meta_of(peer);
  const auto range = proto::probe_range(meta, proto::Split::kTrain, rules_.trainer_names_stages);
  if (!range || range->count > proto::kMaxLeaseBytes / meta.schema.bytes_per_sample()) {
    return false;
  }
  peer.probe = Lease{hand_out(*range, to), to, now};
  return true;
}

void LeaseBook::lease_probes(Time now) {
  std::vector<PeerId> cannot_be_asked;
  for (auto& [id, peer] : peers_) {
    if (!lease_probe(id, peer, now)) cannot_be_asked.push_back(id);
  }
  for (const PeerId& id : cannot_be_asked) {
    const auto peer = peers_.find(id);  // the one before may have proven others wrong
    if (peer != peers_.end()) prove(id, peer->second);
  }
}

std::map<PeerId, LeaseBook::Peer>::iterator LeaseBook::probed(const PeerId& from,
                                                              std::uint64_t lease) {
  const auto peer = peers_.find(from);
  const bool is_its_probe =
      peer != peers_.end() && peer->second.probe && peer->second.probe->number == lease;
  return is_its_probe ? peer : peers_.end();
}

void LeaseBook::take_probe(const PeerId& from, Peer& peer, const proto::Filled& filled) {
  const proto::StreamMeta& meta = meta_of(peer);
  const auto range = proto::probe_range(meta, proto::Split::kTrain, rules_.trainer_names_stages);
  peer.probe.reset();
  if (!fits(filled, meta, *range)) {
    ++counters_.foreign;
    return strike_probe(from, kNotAskedFor);
  }
  const std::string& expected = meta.probe[static_cast<std::size_t>(proto::Split::kTrain)];
  const std::string digest = proto::probe_digest(meta.schema, filled.batch);
  if (digest == expected) {
    const auto error = proto::invalid_value(meta, filled.batch);
    return error ? ban(from, *error + ", as its own meta says: see to its provider")
                 : prove(from, peer);
  }
  ban(from, "the digest of its first train samples is " + digest + ", and its meta says " +
                expected + ": check its memory and its build");
}

void LeaseBook::prove(const PeerId& id, Peer& peer) {
  peer.is_proven = true;
  peer.failed_in_a_row = 0;
  if (accepted_) return;
  accepted_ = std::exchange(peer.offered, std::nullopt);
  admission_.pin(*accepted_);
  std::map<PeerId, std::string> others;
  for (auto& [other, candidate] : peers_) {
    if (other == id || !candidate.offered) continue;
    if (const auto reason = admission_.mismatch(*candidate.offered)) others[other] = *reason;
    candidate.offered.reset();
  }
  for (const auto& [other, reason] : others) {
    refuse(other, reason);
    forget(other);
  }
}

void LeaseBook::bound_candidates() {
  const auto is_candidate = [](const auto& peer) { return !peer.second.is_proven; };
  const std::size_t most = accepted_ ? kMaxUnproven : kMaxCandidates;
  if (std::ranges::count_if(peers_, is_candidate) <= static_cast<std::ptrdiff_t>(most)) return;
  const auto asked_at = [&](const auto& peer) {
    return is_candidate(peer) && peer.second.probe ? peer.second.probe->since : Time::max();
  };
  const auto first = std::ranges::min_element(peers_, {}, asked_at);
  if (is_candidate(*first)) peers_.erase(first);
}

void LeaseBook::ban(const PeerId& id, const std::string& reason) {
  if (banned_.size() < kMaxBanned) banned_.emplace(id, Ban{reason, now_ + kBannedFor});
  last_refusal_ = reason;
  refuse(id, reason);
  forget(id);
}

// --- Answers.

LeaseBook::Requests::iterator LeaseBook::request_of(const PeerId& from, std::uint64_t lease) {
  const auto range = range_of_lease_.find(lease);
  if (range == range_of_lease_.end()) return requests_.end();
  const auto request = requests_.find(range->second);
  const bool theirs = std::ranges::any_of(request->second.leases, [&](const Lease& held) {
    return held.number == lease && held.peer == from;
  });
  return theirs ? request : requests_.end();
}

void LeaseBook::on(const Sender& sender, const proto::Filled& filled, Time now) {
  const PeerId& from = sender.id;
  if (!peers_.contains(from)) outgoing_.push_back({from, proto::SayHello{rules_.epoch}});
  if (const auto peer = probed(from, filled.lease); peer != peers_.end()) {
    return take_probe(from, peer->second, filled);
  }
  const auto request = request_of(from, filled.lease);
  if (request == requests_.end()) return drop_unasked(from, filled.lease);
  if (!fits(filled, *accepted_, request->second.range)) {
    ++counters_.foreign;
    return strike(from, filled.lease, kNotAskedFor);
  }
  if (const auto error = proto::invalid_value(*accepted_, filled.batch)) {
    ++counters_.foreign;
    return strike(from, filled.lease, std::string(proto::kInvalidValues), *error);
  }
  accept(request, from, filled, now);
}

void LeaseBook::accept(Requests::iterator request, const PeerId& from, const proto::Filled& filled,
                       Time now) {
  const auto held = std::ranges::find(request->second.leases, filled.lease, &Lease::number);
  const Duration needed = now - held->since;
  learn(from, needed);
  Arrival arrival{filled.batch,
                  std::max(0.0, seconds(needed) - static_cast<double>(filled.held_us) / 1e6)};
  if (!request->second.audited) return deliver(request, std::move(arrival));
  release(request->second, from, filled.lease);
  const auto peer = peers_.find(from);
  request->second.versions.push_back({from, peer == peers_.end() ? "" : peer->second.origin,
                                      name_of(from), digest_of(filled.batch), std::move(arrival)});
  if (auto chosen = compare(request->second)) deliver(request, std::move(*chosen));
}

void LeaseBook::deliver(Requests::iterator request, Arrival arrival) {
  close_leases(request->second);
  requests_.erase(request);
  arrivals_.push_back(std::move(arrival));
}

std::optional<LeaseBook::Arrival> LeaseBook::compare(RangeRequest& request) {
  const std::vector<Version>& versions = request.versions;
  Version& newest = request.versions.back();
  const std::size_t count = versions.size();
  const bool one_origin = std::ranges::all_of(
      versions, [&](const Version& version) { return version.origin == newest.origin; });
  // Where producers of several origins answered, one origin alone does not decide.
  const bool agreed = std::any_of(versions.begin(), versions.end() - 1, [&](const auto& version) {
    return version.digest == newest.digest && (one_origin || version.origin != newest.origin);
  });
  if (count == 2) ++(agreed ? counters_.audited : counters_.disagreed);
  if (count > 2 || (count == 2 && !agreed)) report_difference(request);
  if (agreed) return std::move(newest.arrival);
  std::set<std::uint64_t> digests;
  for (const Version& version : versions) digests.insert(version.digest);
  const bool more_to_ask = std::ranges::any_of(peers_, [&](const auto& peer) {
    return peer.second.is_ready(now_) && !request.was_answered_by(peer.first);
  });
  if ((digests.size() >= kMaxVersions && !more_to_ask) || count >= kMaxAnswers) {
    throw std::runtime_error(
        "producers do not agree on " + describe(request.range) + ": " + std::to_string(count) +
        " answers, and no two of independent producers are alike; the log names them: check their "
        "memory, and that all run the same build");
  }
  return std::nullopt;
}

void LeaseBook::report_difference(const RangeRequest& request) {
  const std::string versions = base::joined(request.versions, ", ", [](const Version& version) {
    return version.name + " has " + proto::hex16(version.digest);
  });
  reports_.push_back(
      "audit: producers computed different bytes for " + describe(request.range) + ": " + versions +
      "; what two of them agree on is taken: check the memory and the build of the other");
}

void LeaseBook::deliver_what_cannot_be_compared(Time now) {
  for (auto request = requests_.begin(); request != requests_.end();) {
    const auto at = request++;
    if (at->second.versions.size() != 1 || is_at_work(at->second)) continue;
    const bool other = std::ranges::any_of(peers_, [&](const auto& peer) {
      return peer.second.is_ready(now) && !at->second.was_answered_by(peer.first) &&
             !at->second.failures.contains(peer.first);
    });
    if (!other) deliver(at, std::move(at->second.versions.front().arrival));
  }
}

bool LeaseBook::is_at_work(const RangeRequest& request) const {
  return std::ranges::any_of(request.leases, [&](const Lease& held) {
    const auto peer = peers_.find(held.peer);
    return !held.lost && peer != peers_.end() && !peer->second.is_late;
  });
}

std::string LeaseBook::name_of(const PeerId& peer) const {
  const auto known = peers_.find(peer);
  const bool has_name = known != peers_.end() && !known->second.name.empty();
  return has_name ? known->second.name + " (" + printable(peer) + ')' : printable(peer);
}

void LeaseBook::recover(const PeerId& from) {
  const auto peer = peers_.find(from);
  if (peer == peers_.end() || !peer->second.is_late) return;
  peer->second.is_late = false;
  // What no other producer has taken since is still this one's.
  for (const std::uint64_t number : peer->second.leases) {
    RangeRequest& request = requests_.at(range_of_lease_.at(number));
    if (!std::ranges::find(request.leases, number, &Lease::number)->late) {
      request.needs_lease = false;
    }
  }
}

void LeaseBook::learn(const PeerId& from, Duration needed) {
  const auto peer = peers_.find(from);
  if (peer == peers_.end()) return;
  recover(from);
  peer->second.failed_in_a_row = 0;
  peer->second.trust = std::min(peer->second.trust * 2, kMaxCapacity * kLeasesPerCapacityIfQuick);
  peer->second.needed.push_back(needed);
  if (peer->second.needed.size() > kAnswersKept) peer->second.needed.pop_front();
}

void LeaseBook::drop_unasked(const PeerId& from, std::uint64_t lease) {
  const bool of_this_epoch =
      lease >> 32 == (rules_.epoch & 0xffffffff) && (lease & 0xffffffff) <= leases_made_;
  const bool was_asked = of_this_epoch && !range_of_lease_.contains(lease);
  if (was_asked) {
    ++counters_.duplicates;
    recover(from);
    return;
  }
  ++counters_.unasked;
  report_once("unasked", "dropped an answer of producer " + name_of(from) +
                             " to a lease that it was not given");
}

void LeaseBook::on(const Sender& sender, const proto::Failed& failed, Time now) {
  const PeerId& from = sender.id;
  if (const auto peer = probed(from, failed.lease); peer != peers_.end()) {
    peer->second.probe.reset();
    peer->second.rests_until = now + pause_after(peer->second.failed_in_a_row + 1);
    return count_failure(from, "the first samples of its stream", failed.reason, now);
  }
  const auto found = request_of(from, failed.lease);
  if (found == requests_.end()) return drop_unasked(from, failed.lease);
  RangeRequest& request = found->second;
  recover(from);
  release(request, from, failed.lease);
  count_failure(from, describe(request.range), failed.reason, now);
  ++request.failed;
  if (!request.failing_since) request.failing_since = now;
  if (request.failures.contains(from) || request.failures.size() < kMaxLeasesOfARange) {
    Failure& failure = request.failures[from];
    failure.name = name_of(from);
    failure.reason = failed.reason;
    failure.again_at = now + pause_after(++failure.times);
  }
  give_up_if_hopeless(request, now);
}

void LeaseBook::count_failure(const PeerId& from, const std::string& what,
                              const std::string& reason, Time now) {
  ++counters_.failed;
  const auto found = peers_.find(from);
  if (found == peers_.end()) return;
  Peer& peer = found->second;
  if (++peer.failed_in_a_row >= kFailuresBeforeRest) {
    peer.rests_until = std::max(peer.rests_until,
                                now + pause_after(peer.failed_in_a_row + 1 - kFailuresBeforeRest));
  }
  // A producer that fails on and on must not fill the log.
  if (!std::has_single_bit(++peer.failed)) return;
  reports_.push_back("no answer for " + what + " from producer " + name_of(from) + ": " + reason +
                     (peer.failed == 1 ? ""
                                       : " (its failure number " + std::to_string(peer.failed) +
                                             "; not all are told)"));
}

void LeaseBook::damaged(const PeerId& from, std::uint64_t lease) {
  if (const auto peer = probed(from, lease); peer != peers_.end()) {
    ++counters_.damaged;
    peer->second.probe.reset();
    return strike_probe(from, kDamaged);
  }
  if (request_of(from, lease) == requests_.end()) return drop_unasked(from, lease);
  ++counters_.damaged;
  strike(from, lease, kDamaged);
}

void LeaseBook::strike_probe(const PeerId& from, const std::string& what) {
  report_once(what, "dropped the first answer of producer " + name_of(from) + ": it was " + what);
  count_strike(from);
}

void LeaseBook::strike(const PeerId& from, std::uint64_t lease, const std::string& what,
                       const std::string& detail) {
  RangeRequest& request = request_of(from, lease)->second;
  report_once(what, "dropped an answer of producer " + name_of(from) + " for " +
                        describe(request.range) + ": it was " + what +
                        (detail.empty() ? "" : ": " + detail));
  release(request, from, lease);
  count_strike(from, detail);
}

void LeaseBook::count_strike(const PeerId& from, const std::string& detail) {
  const auto peer = peers_.find(from);
  if (peer == peers_.end() || ++peer->second.strikes < kMaxStrikes) return;
  ban(from, "too many of this producer's answers were damaged or not what was asked for" +
                (detail.empty() ? "" : " (in the last, " + detail + ")") +
                ": check its memory, its network and its build");
}

void LeaseBook::release(RangeRequest& request, const PeerId& from, std::uint64_t lease) {
  std::erase_if(request.leases, [&](const Lease& held) { return held.number == lease; });
  range_of_lease_.erase(lease);
  request.needs_lease = true;
  if (const auto peer = peers_.find(from); peer != peers_.end()) peer->second.leases.erase(lease);
}

void LeaseBook::close_leases(const RangeRequest& request) {
  for (const Lease& held : request.leases) {
    range_of_lease_.erase(held.number);
    if (const auto peer = peers_.find(held.peer); peer != peers_.end()) {
      peer->second.leases.erase(held.number);
    }
  }
}

// --- Producers that are gone, ranges that are late, and new leases.

void LeaseBook::welcome_all() {
  for (const auto& [id, peer] : peers_) welcome(id);
}

void LeaseBook::lost(const PeerId& id) {
  const auto peer = peers_.find(id);
  if (peer == peers_.end()) return;
  reports_.push_back("producer " + name_of(id) + " is gone; the " +
                     std::to_string(peer->second.leases.size()) +
                     " ranges that it held go to others");
  forget(id);
}

void LeaseBook::forget(const PeerId& id) {
  const auto peer = peers_.find(id);
  if (peer == peers_.end()) return;
  const std::set<std::uint64_t> open = std::exchange(peer->second.leases, {});
  for (const std::uint64_t number : open) lose(id, number);
  peers_.erase(peer);
}

void LeaseBook::tick(Time now) {
  now_ = now;
  find_gone(now);
  find_silent_ranks(now);
  std::erase_if(banned_, [&](const auto& ban) { return now >= ban.second.until; });
  find_late(now);
  if (rules_.audit > 0) deliver_what_cannot_be_compared(now);
  make_leases(now);
}

void LeaseBook::find_gone(Time now) {
  std::vector<PeerId> gone;
  for (const auto& [id, peer] : peers_) {
    if (now - peer.heard > rules_.gone_after) gone.push_back(id);
  }
  for (const PeerId& id : gone) lost(id);
}

void LeaseBook::find_silent_ranks(Time now) {
  if (std::erase_if(other_ranks_, [&](const auto& other) {
        return now - other.second.heard > kRankSilentAfter;
      }) > 0) {
    welcome_all();
  }
}

void LeaseBook::find_late(Time now) {
  for (auto& [range, request] : requests_) {
    for (Lease& held : request.leases) {
      if (!held.lost && now >= held.late_at) on_late(request, held, now);
    }
  }
}

void LeaseBook::on_late(RangeRequest& request, Lease& held, Time now) {
  ++counters_.late;
  const bool is_first = &held == &*std::ranges::find(request.leases, false, &Lease::lost);
  if (is_first) ++request.late;
  held.late_at =
      now + limit(peers_.at(held.peer)) * (1 << std::min(request.late, rules_.late_limit));
  held.late = true;
  fall_behind(held.peer, request.range, held.since, now);
  request.needs_lease = request.needs_lease || !is_at_work(request);
  give_up_if_hopeless(request, now);
}

void LeaseBook::fall_behind(const PeerId& id, const proto::Range& range, Time since, Time now) {
  Peer& peer = peers_.at(id);
  peer.trust = 1;
  if (std::exchange(peer.is_late, true)) return;
  for (const std::uint64_t number : peer.leases) {
    RangeRequest& request = requests_.at(range_of_lease_.at(number));
    request.needs_lease = request.needs_lease || !is_at_work(request);
  }
  reports_.push_back(describe(range) + " are late: producer " + name_of(id) + " has had it for " +
                     seconds_text(now - since) + "; the " + std::to_string(peer.leases.size()) +
                     " ranges that it holds are asked of others as well, and until it answers it "
                     "gets no more");
}

void LeaseBook::make_leases(Time now) {
  lease_probes(now);
  for (auto& [range, request] : requests_) {
    if (!request.needs_lease) continue;
    const auto peer = free_peer(request, now);
    if (peer != peers_.end()) lease(request, peer->first, peer->second, now);
  }
}

bool LeaseBook::Peer::is_full() const {
  const bool quick = !needed.empty() && needed.back() < kQuick;
  const std::uint32_t usual = capacity * (quick ? kLeasesPerCapacityIfQuick : kLeasesPerCapacity);
  return leases.size() >= std::min(usual, trust);
}

bool LeaseBook::knows(const PeerId& peer) const {
  return peers_.contains(peer) || std::ranges::any_of(other_ranks_, [&](const auto& other) {
           return other.second.peer == peer;
         });
}

bool LeaseBook::has_room() const {
  return std::ranges::any_of(peers_, [&](const auto& peer) {
    return peer.second.is_ready(now_) && !peer.second.is_full();
  });
}

bool LeaseBook::has_hope(const RangeRequest& request) const {
  return std::ranges::any_of(peers_, [&](const auto& peer) {
    return peer.second.is_proven && !peer.second.is_late && !request.failures.contains(peer.first);
  });
}

std::map<PeerId, LeaseBook::Peer>::iterator LeaseBook::free_peer(const RangeRequest& request,
                                                                 Time now) {
  const auto may_have_it = [&](const PeerId& id, const Peer& peer) {
    const bool holds = std::ranges::any_of(
        request.leases, [&](const Lease& held) { return !held.lost && held.peer == id; });
    // A producer computes an audited range a second time only as the third opinion.
    const bool compared = request.versions.size() == 1 && request.was_answered_by(id);
    if (!peer.is_ready(now) || holds || compared) return false;
    // A producer that failed at a range usually did so at once, so it would be the idlest and get
    // the same range again and again.
    const auto failure = request.failures.find(id);
    return failure == request.failures.end() ||
           (now >= failure->second.again_at && !has_hope(request));
  };
  // Of an audited range: first a producer of an origin, then one, that has answered least.
  const auto effort = [&](const PeerId& id, const Peer& peer) {
    return std::tuple(std::ranges::count(request.versions, peer.origin, &Version::origin),
                      std::ranges::count(request.versions, id, &Version::peer), peer.is_full(),
                      peer.leases.size());
  };
  auto best = peers_.end();
  for (auto peer = peers_.begin(); peer != peers_.end(); ++peer) {
    if (request.versions.empty() && peer->second.is_full()) continue;
    if (!may_have_it(peer->first, peer->second)) continue;
    if (best == peers_.end() ||
        effort(peer->first, peer->second) < effort(best->first, best->second)) {
      best = peer;
    }
  }
  return best == peers_.end() || best->second.is_full() ? peers_.end() : best;
}

void LeaseBook::lease(RangeRequest& request, const PeerId& to, Peer& peer, Time now) {
  if (request.leases.size() >= kMaxLeasesOfARange) {
    const auto oldest = std::ranges::find(request.leases, true, &Lease::lost);
    if (oldest != request.leases.end()) {
      range_of_lease_.erase(oldest->number);
      request.leases.erase(oldest);
    }
  }
  const std::uint64_t number = hand_out(request.range, to);
  const Time late_at = now + limit(peer) * (1 << std::min(request.late, rules_.late_limit));
  request.leases.push_back({number, to, now, late_at});
  request.needs_lease = false;
  ++counters_.leases;
  range_of_lease_[number] = request.range;
  peer.leases.insert(number);
}

std::uint64_t LeaseBook::hand_out(const proto::Range& range, const PeerId& to) {
  const std::uint64_t number = (rules_.epoch << 32) + ++leases_made_;
  outgoing_.push_back({to, proto::Lease{number, range}});
  return number;
}

Duration LeaseBook::limit(const Peer& peer) const {
  Duration least = rules_.late_after;
  if (peer.needed.empty()) return least;
  std::vector<Duration> sorted(peer.needed.begin(), peer.needed.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return std::max(least, kLateFactor * *middle);
}

void LeaseBook::give_up_if_hopeless(const RangeRequest& request, Time now) const {
  const bool somebody_is_there =
      std::ranges::any_of(peers_, [](const auto& peer) { return peer.second.is_proven; });
  if (!somebody_is_there || has_hope(request)) return;
  const bool failed_by_all = request.failures.size() >= rules_.failure_limit ||
                             (request.failed >= rules_.failure_limit && request.failing_since &&
                              now - *request.failing_since >= rules_.failing_for);
  if (request.late < rules_.late_limit && !failed_by_all) return;
  std::vector<std::string> reasons;
  for (const Lease& held : request.leases) {
    if (held.lost) continue;
    reasons.push_back("producer " + name_of(held.peer) + " has had it for " +
                      seconds_text(now - held.since));
  }
  for (const auto& [id, failure] : request.failures) {
    reasons.push_back("producer " + failure.name + ": " + failure.reason);
  }
  reasons.resize(std::min(reasons.size(), kMostReasons));
  throw std::runtime_error(
      "no producer can make " + describe(request.range) + ": late " + std::to_string(request.late) +
      " times, failed " + std::to_string(request.failed) + " times; " +
      base::joined(reasons, "; ") +
      "; see the producers' logs, and raise queue.late_s for a provider that needs longer");
}

bool LeaseBook::report_once(const std::string& cause, const std::string& sentence) {
  const bool is_new = reported_.insert(cause).second;
  if (is_new) reports_.push_back(sentence + " (said once; counted from now on)");
  return is_new;
}

void LeaseBook::end() {
  for (const auto& [id, peer] : peers_) outgoing_.push_back({id, proto::Bye{}});
  peers_.clear();
  requests_.clear();
  range_of_lease_.clear();
}

}  // namespace millrace::queue
