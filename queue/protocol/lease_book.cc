#include "queue/protocol/lease_book.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "proto/digest.h"

namespace millrace::queue {
namespace {

/// A producer works on one range and has the next at hand.
constexpr std::uint32_t kLeasesPerCapacity = 2;
/// Of a producer that answers so soon that it would wait for the next lease.
constexpr std::uint32_t kLeasesPerCapacityIfQuick = 4;
constexpr std::chrono::milliseconds kQuick{20};
constexpr std::uint32_t kMaxCapacity = 256;
constexpr std::size_t kMaxProducers = 4096;
/// A producer's usual time is the median of its latest answers, so many.
constexpr std::size_t kAnswersKept = 15;
constexpr int kLateFactor = 4;
/// Bad answers after which a producer is turned away for good.
constexpr std::uint32_t kMaxStrikes = 8;
constexpr std::size_t kMaxBanned = 4096;
/// Of one range, all different.
constexpr std::size_t kMaxVersions = 3;
/// Leases of one range that are remembered after their producers were lost.
constexpr std::size_t kMaxLostLeases = 64;
/// A lease that its producer does not name in so many pings in a row, once it is older than any
/// message on its way, was lost.
constexpr std::uint32_t kPingsWithout = 2;
constexpr std::chrono::milliseconds kOnTheWayAtMost{500};
/// A rank registers five times a second.
constexpr std::chrono::seconds kRankSilentAfter{5};

std::string describe(const proto::Range& range) {
  return std::string(proto::to_string(range.split)) + " samples [" + std::to_string(range.first) +
         ", " + std::to_string(range.end()) + ")" +
         (range.stage ? " at stage " + std::to_string(*range.stage) : "");
}

/// A routing id is random bytes; this names it in logs.
std::string printable(const PeerId& peer) { return proto::hex16(proto::xxh64(peer)); }

/// The same ranges in every run, spread evenly.
bool is_drawn(const proto::Range& range, double share) {
  const std::string text =
      std::string(proto::to_string(range.split)) + ' ' + std::to_string(range.first);
  return static_cast<double>(proto::xxh64(text) >> 11) * 0x1.0p-53 < share;
}

std::uint64_t digest_of(const proto::Batch& batch) {
  std::string digests;
  for (const proto::SharedBytes& column : batch.columns) {
    digests += proto::hex16(proto::xxh64(column.bytes));
  }
  return proto::xxh64(digests);
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::string seconds_text(Duration duration) {
  return std::to_string(std::llround(seconds(duration))) + " s";
}

}  // namespace

// --- What the consumer wants.

void LeaseBook::request(const proto::Range& range) {
  RangeRequest ask;
  ask.range = range;
  ask.audited = rules_.audit > 0 && is_drawn(range, rules_.audit);
  asks_.try_emplace(range, std::move(ask));
}

void LeaseBook::set_stage_log(const proto::StageLog& log) {
  for (auto at = asks_.begin(); at != asks_.end();) {
    if (proto::agrees(log, at->first)) {
      ++at;
      continue;
    }
    close_leases(at->second);
    at = asks_.erase(at);
  }
}

std::size_t LeaseBook::open_leases() const {
  std::size_t open = 0;
  for (const auto& [id, peer] : peers_) open += peer.leases.size();
  return open;
}

std::string LeaseBook::describe_next_wanted() const {
  if (asks_.empty()) return "nothing is asked for";
  const auto& [range, ask] = *asks_.begin();
  const auto held = std::ranges::find(ask.leases, false, &Lease::lost);
  if (held == ask.leases.end()) {
    return describe(range) + ": all producers are at work on other ranges";
  }
  return describe(range) + ": producer " + name_of(held->peer) + " is at work on them";
}

// --- What peers say.

void LeaseBook::receive(const PeerId& from, proto::Message message, Time now) {
  if (const auto peer = peers_.find(from); peer != peers_.end()) peer->second.heard = now;
  std::visit(
      [&](const auto& one) {
        if constexpr (requires { on(from, one, now); }) on(from, one, now);
      },
      message);
}

void LeaseBook::on(const PeerId& from, const proto::Hello& hello, Time now) {
  if (const auto reason = mismatch(from, hello)) {
    last_refusal_ = *reason;
    return refuse(from, *reason);
  }
  if (!accepted_) accepted_ = hello.meta;
  admission_.pin(hello.meta);
  forget(from);  // a producer that says Hello again has dropped its leases
  Peer& peer = peers_[from];
  peer.capacity = std::clamp(hello.capacity, 1U, kMaxCapacity);
  peer.name = hello.name;
  peer.heard = now;
  welcome(from);
}

std::optional<std::string> LeaseBook::mismatch(const PeerId& from,
                                               const proto::Hello& hello) const {
  if (banned_.contains(from)) {
    return "too many of this producer's answers were damaged or not what was asked for: check its "
           "memory, its network and its "
           "build";
  }
  if (peers_.size() >= kMaxProducers && !peers_.contains(from)) {
    return "this trainer has " + std::to_string(kMaxProducers) + " producers already";
  }
  return admission_.mismatch(hello.meta);
}

void LeaseBook::refuse(const PeerId& to, const std::string& reason) {
  ++counters_.refused;
  report_once("refused " + reason, "refused producer " + name_of(to) + ": " + reason);
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

void LeaseBook::on(const PeerId& from, const proto::Ping& ping, Time now) {
  if (!peers_.contains(from) || ping.epoch != rules_.epoch) {
    outgoing_.push_back({from, proto::SayHello{rules_.epoch}});
    return;
  }
  if (ping.ranks_digest != proto::digest_of_ranks(rank_addresses())) welcome(from);
  find_lost_on_the_way(from, ping, now);
}

void LeaseBook::find_lost_on_the_way(const PeerId& from, const proto::Ping& ping, Time now) {
  const std::set<std::uint64_t> named(ping.leases.begin(), ping.leases.end());
  const std::set<std::uint64_t> open = peers_.at(from).leases;  // a copy: lose() changes it
  for (const std::uint64_t number : open) {
    RangeRequest& ask = asks_.at(range_of_lease_.at(number));
    Lease& held = *std::ranges::find(ask.leases, number, &Lease::number);
    held.pings_without =
        named.contains(number) || now - held.since < kOnTheWayAtMost ? 0 : held.pings_without + 1;
    if (held.pings_without >= kPingsWithout) lose(from, number);
  }
}

void LeaseBook::lose(const PeerId& from, std::uint64_t number) {
  RangeRequest& ask = asks_.at(range_of_lease_.at(number));
  for (Lease& held : ask.leases) held.lost = held.lost || held.number == number;
  ask.needs_one = ask.needs_one || ask.is_idle();
  peers_.at(from).leases.erase(number);
  ++counters_.gone;
}

void LeaseBook::on(const PeerId& from, const proto::Bye&, Time) { forget(from); }

void LeaseBook::on(const PeerId& from, const proto::Register& other, Time now) {
  if (other.run_id != rules_.run_id) {
    return refuse(from,
                  "rank " + std::to_string(other.rank) + " belongs to run " + other.run_id +
                      " and this is run " + rules_.run_id +
                      ": another run uses this address; choose another queue.uri for one of them");
  }
  OtherRank& known = other_ranks_[other.rank];
  const bool changed = known.address != other.address;
  known = {other.address, now};
  outgoing_.push_back({from, proto::Welcome{rules_.epoch, {}}});
  if (changed) greet();
}

// --- Answers.

LeaseBook::Asks::iterator LeaseBook::ask_of(const PeerId& from, std::uint64_t lease) {
  const auto range = range_of_lease_.find(lease);
  if (range == range_of_lease_.end()) return asks_.end();
  const auto ask = asks_.find(range->second);
  const bool theirs = std::ranges::any_of(ask->second.leases, [&](const Lease& held) {
    return held.number == lease && held.peer == from;
  });
  return theirs ? ask : asks_.end();
}

void LeaseBook::on(const PeerId& from, const proto::Filled& filled, Time now) {
  if (!peers_.contains(from)) outgoing_.push_back({from, proto::SayHello{rules_.epoch}});
  const auto ask = ask_of(from, filled.lease);
  if (ask == asks_.end()) return drop_unasked(from, filled.lease);
  if (fits(filled, ask->second)) return accept(ask, from, filled, now);
  ++counters_.foreign;
  strike(from, filled.lease, "not what it was asked for");
}

bool LeaseBook::fits(const proto::Filled& filled, const RangeRequest& ask) const {
  return filled.batch.range == ask.range && filled.fingerprint == accepted_->fingerprint &&
         proto::fits(accepted_->schema, filled.batch);
}

void LeaseBook::accept(Asks::iterator ask, const PeerId& from, const proto::Filled& filled,
                       Time now) {
  const auto held = std::ranges::find(ask->second.leases, filled.lease, &Lease::number);
  const Duration needed = now - held->since;
  learn(from, needed);
  Arrival arrival{filled.batch,
                  std::max(0.0, seconds(needed) - static_cast<double>(filled.held_us) / 1e6)};
  if (!ask->second.audited) return deliver(ask, std::move(arrival));
  release(ask->second, from, filled.lease);
  ask->second.versions.push_back(
      {from, name_of(from), digest_of(filled.batch), std::move(arrival)});
  if (auto chosen = compare(ask->second)) deliver(ask, std::move(*chosen));
}

void LeaseBook::deliver(Asks::iterator ask, Arrival arrival) {
  close_leases(ask->second);
  asks_.erase(ask);
  arrivals_.push_back(std::move(arrival));
}

std::optional<LeaseBook::Arrival> LeaseBook::compare(RangeRequest& ask) {
  Version& newest = ask.versions.back();
  const auto same = std::ranges::find(ask.versions, newest.digest, &Version::digest);
  const bool agreed = &*same != &newest;
  if (ask.versions.size() == 2 && !agreed) ++counters_.disagreed;
  if (ask.versions.size() == 2 && agreed) ++counters_.audited;
  if (ask.versions.size() > 1 && !(agreed && ask.versions.size() == 2)) report_difference(ask);
  if (agreed) return std::move(newest.arrival);
  if (ask.versions.size() >= kMaxVersions) {
    throw std::runtime_error("producers do not agree on " + describe(ask.range) + ", each of " +
                             std::to_string(ask.versions.size()) +
                             " computed other bytes; the log names them: check their memory, and "
                             "that all run the same build");
  }
  return std::nullopt;
}

void LeaseBook::report_difference(const RangeRequest& ask) {
  std::string versions;
  for (const Version& version : ask.versions) {
    versions +=
        (versions.empty() ? "" : ", ") + version.name + " has " + proto::hex16(version.digest);
  }
  reports_.push_back(
      "audit: producers computed different bytes for " + describe(ask.range) + ": " + versions +
      "; what two of them agree on is taken: check the memory and the build of the other");
}

void LeaseBook::deliver_what_cannot_be_compared() {
  for (auto ask = asks_.begin(); ask != asks_.end();) {
    const auto at = ask++;
    if (at->second.versions.size() != 1 || !at->second.is_idle()) continue;
    const bool alone = std::ranges::all_of(
        peers_, [&](const auto& peer) { return has_answered(at->second, peer.first); });
    if (alone) deliver(at, std::move(at->second.versions.front().arrival));
  }
}

bool LeaseBook::has_answered(const RangeRequest& ask, const PeerId& peer) const {
  return std::ranges::any_of(ask.versions,
                             [&](const Version& version) { return version.peer == peer; });
}

std::string LeaseBook::name_of(const PeerId& peer) const {
  const auto known = peers_.find(peer);
  const bool has_name = known != peers_.end() && !known->second.name.empty();
  return has_name ? known->second.name + " (" + printable(peer) + ')' : printable(peer);
}

void LeaseBook::learn(const PeerId& from, Duration needed) {
  const auto peer = peers_.find(from);
  if (peer == peers_.end()) return;
  peer->second.needed.push_back(needed);
  if (peer->second.needed.size() > kAnswersKept) peer->second.needed.pop_front();
}

void LeaseBook::drop_unasked(const PeerId& from, std::uint64_t lease) {
  const bool of_this_epoch =
      lease >> 32 == (rules_.epoch & 0xffffffff) && (lease & 0xffffffff) <= leases_made_;
  const bool was_asked = of_this_epoch && !range_of_lease_.contains(lease);
  if (was_asked) {
    ++counters_.duplicates;
    return;
  }
  ++counters_.unasked;
  report_once("unasked", "dropped an answer of producer " + name_of(from) +
                             " to a lease that it was not given");
}

void LeaseBook::on(const PeerId& from, const proto::Failed& failed, Time) {
  const auto ask = ask_of(from, failed.lease);
  if (ask == asks_.end()) return drop_unasked(from, failed.lease);
  ++counters_.failed;
  ask->second.why = "producer " + name_of(from) + ": " + failed.reason;
  reports_.push_back("no answer for " + describe(ask->first) + " from " + ask->second.why);
  ask->second.failed_by.insert(from);
  if (++ask->second.failed >= rules_.failure_limit) give_up(ask->second, ask->second.why);
  release(ask->second, from, failed.lease);
}

void LeaseBook::damaged(const PeerId& from, std::uint64_t lease) {
  if (ask_of(from, lease) == asks_.end()) return drop_unasked(from, lease);
  ++counters_.damaged;
  strike(from, lease, "damaged");
}

void LeaseBook::strike(const PeerId& from, std::uint64_t lease, const std::string& what) {
  RangeRequest& ask = ask_of(from, lease)->second;
  report_once(what, "dropped an answer of producer " + name_of(from) + " for " +
                        describe(ask.range) + ": it was " + what);
  release(ask, from, lease);
  const auto peer = peers_.find(from);
  if (peer == peers_.end() || ++peer->second.strikes < kMaxStrikes) return;
  if (banned_.size() < kMaxBanned) banned_.insert(from);
  forget(from);
  refuse(from, *mismatch(from, {}));
}

void LeaseBook::release(RangeRequest& ask, const PeerId& from, std::uint64_t lease) {
  std::erase_if(ask.leases, [&](const Lease& held) { return held.number == lease; });
  range_of_lease_.erase(lease);
  ask.needs_one = true;
  if (const auto peer = peers_.find(from); peer != peers_.end()) peer->second.leases.erase(lease);
}

void LeaseBook::close_leases(const RangeRequest& ask) {
  for (const Lease& held : ask.leases) {
    range_of_lease_.erase(held.number);
    if (const auto peer = peers_.find(held.peer); peer != peers_.end()) {
      peer->second.leases.erase(held.number);
    }
  }
}

// --- Who is gone, who is late, who is asked next.

void LeaseBook::greet() {
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
  find_gone(now);
  find_silent_ranks(now);
  find_late(now);
  if (rules_.audit > 0) deliver_what_cannot_be_compared();
  hand_out(now);
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
    greet();
  }
}

void LeaseBook::find_late(Time now) {
  for (auto& [range, ask] : asks_) {
    if (!ask.is_idle() && now >= ask.late_at) judge_late(ask, now);
  }
}

void LeaseBook::judge_late(RangeRequest& ask, Time now) {
  ++ask.late;
  ++counters_.late;
  const Lease& first = *std::ranges::find(ask.leases, false, &Lease::lost);
  const std::string why =
      "producer " + name_of(first.peer) + " has had it for " + seconds_text(now - first.since);
  if (ask.late >= rules_.late_limit) give_up(ask, why);
  reports_.push_back(describe(ask.range) + " are late: " + why +
                     "; another producer is asked as well, if there is one");
  ask.needs_one = true;
  ask.late_at = now + limit(peers_.at(first.peer)) * (1 << ask.late);
}

void LeaseBook::hand_out(Time now) {
  for (auto& [range, ask] : asks_) {
    if (!ask.needs_one) continue;
    const auto peer = free_peer(ask);
    if (peer != peers_.end()) lease(ask, peer->first, peer->second, now);
  }
}

bool LeaseBook::Peer::is_full() const {
  const bool quick = !needed.empty() && needed.back() < kQuick;
  return leases.size() >=
         std::size_t{capacity} * (quick ? kLeasesPerCapacityIfQuick : kLeasesPerCapacity);
}

bool LeaseBook::has_room() const {
  return !std::ranges::all_of(peers_, [](const auto& peer) { return peer.second.is_full(); });
}

std::map<PeerId, LeaseBook::Peer>::iterator LeaseBook::free_peer(const RangeRequest& ask) {
  // Who has failed at a range, at once as a rule, would else be the idlest and be asked until the
  // run ends.
  const bool others = std::ranges::any_of(
      peers_, [&](const auto& peer) { return !ask.failed_by.contains(peer.first); });
  auto best = peers_.end();
  for (auto peer = peers_.begin(); peer != peers_.end(); ++peer) {
    // Who computed a range once computes it again only where that is the third time, and nobody
    // else is there.
    const bool compared = ask.versions.size() == 1 && has_answered(ask, peer->first);
    const bool holds = std::ranges::any_of(
        ask.leases, [&](const Lease& held) { return !held.lost && held.peer == peer->first; });
    const bool failed = others && ask.failed_by.contains(peer->first);
    if (peer->second.is_full() || holds || compared || failed) continue;
    const auto effort = [&](const auto& one) {
      return std::pair(has_answered(ask, one->first), one->second.leases.size());
    };
    if (best == peers_.end() || effort(peer) < effort(best)) best = peer;
  }
  return best;
}

void LeaseBook::lease(RangeRequest& ask, const PeerId& to, Peer& peer, Time now) {
  if (ask.leases.size() >= kMaxLostLeases) {
    const auto oldest = std::ranges::find(ask.leases, true, &Lease::lost);
    if (oldest != ask.leases.end()) {
      range_of_lease_.erase(oldest->number);
      ask.leases.erase(oldest);
    }
  }
  const bool first = ask.is_idle();
  const std::uint64_t number = (rules_.epoch << 32) + ++leases_made_;
  ask.leases.push_back({number, to, now});
  ask.needs_one = false;
  if (first) ask.late_at = now + limit(peer) * (1 << ask.late);
  ++counters_.leases;
  range_of_lease_[number] = ask.range;
  peer.leases.insert(number);
  outgoing_.push_back({to, proto::Lease{number, ask.range}});
}

Duration LeaseBook::limit(const Peer& peer) const {
  Duration least = rules_.late_after;
  if (peer.needed.empty()) return least;
  std::vector<Duration> sorted(peer.needed.begin(), peer.needed.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return std::max(least, kLateFactor * *middle);
}

void LeaseBook::give_up(const RangeRequest& ask, const std::string& why) const {
  std::set<std::string> asked;
  for (const Lease& held : ask.leases) asked.insert(name_of(held.peer));
  std::string names;
  for (const std::string& name : asked) names += (names.empty() ? "" : ", ") + name;
  throw std::runtime_error(
      "no producer can make " + describe(ask.range) + ": late " + std::to_string(ask.late) +
      " times, failed " + std::to_string(ask.failed) + " times, asked of " + names + "; " + why +
      "; see the producers' logs, and raise queue.late_s for a provider that needs longer");
}

void LeaseBook::report_once(const std::string& cause, const std::string& sentence) {
  constexpr std::size_t kMaxCauses = 64;  // a peer that makes up causes must not fill the log
  if (reported_.size() < kMaxCauses && reported_.insert(cause).second) {
    reports_.push_back(sentence + " (said once; counted from now on)");
  }
}

void LeaseBook::end() {
  for (const auto& [id, peer] : peers_) outgoing_.push_back({id, proto::Bye{}});
  peers_.clear();
  asks_.clear();
  range_of_lease_.clear();
}

}  // namespace millrace::queue
