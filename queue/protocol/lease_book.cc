// The consumer's side of the protocol (lease_book.h).
#include "queue/protocol/lease_book.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/text.h"
#include "proto/digest.h"

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
/// Damaged or foreign answers after which a producer is refused for good.
constexpr std::uint32_t kMaxStrikes = 8;
constexpr std::size_t kMaxBanned = 4096;
/// Different answers for one audited range after which the run ends.
constexpr std::size_t kMaxVersions = 3;
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

/// Whether a range is audited: a hash of its position decides, so that it is the same ranges in
/// every run, spread evenly.
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

// --- Requests.

void LeaseBook::request(const proto::Range& range) {
  RangeRequest request;
  request.range = range;
  request.audited = rules_.audit > 0 && is_drawn(range, rules_.audit);
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
  if (requests_.empty()) return "nothing is asked for";
  const auto& [range, request] = *requests_.begin();
  const auto held = std::ranges::find(request.leases, false, &Lease::lost);
  if (held == request.leases.end()) {
    return describe(range) + ": all producers are at work on other ranges";
  }
  return describe(range) + ": producer " + name_of(held->peer) + " is at work on them";
}

// --- Messages of producers and ranks.

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
    RangeRequest& request = requests_.at(range_of_lease_.at(number));
    Lease& held = *std::ranges::find(request.leases, number, &Lease::number);
    held.pings_without =
        named.contains(number) || now - held.since < kOnTheWayAtMost ? 0 : held.pings_without + 1;
    if (held.pings_without >= kPingsWithout) lose(from, number);
  }
}

void LeaseBook::lose(const PeerId& from, std::uint64_t number) {
  RangeRequest& request = requests_.at(range_of_lease_.at(number));
  for (Lease& held : request.leases) held.lost = held.lost || held.number == number;
  request.needs_lease = request.needs_lease || request.is_idle();
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
  if (changed) welcome_all();
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

void LeaseBook::on(const PeerId& from, const proto::Filled& filled, Time now) {
  if (!peers_.contains(from)) outgoing_.push_back({from, proto::SayHello{rules_.epoch}});
  const auto request = request_of(from, filled.lease);
  if (request == requests_.end()) return drop_unasked(from, filled.lease);
  if (fits(filled, request->second)) return accept(request, from, filled, now);
  ++counters_.foreign;
  strike(from, filled.lease, "not what it was asked for");
}

bool LeaseBook::fits(const proto::Filled& filled, const RangeRequest& request) const {
  return filled.batch.range == request.range && filled.fingerprint == accepted_->fingerprint &&
         proto::fits(accepted_->schema, filled.batch);
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
  request->second.versions.push_back(
      {from, name_of(from), digest_of(filled.batch), std::move(arrival)});
  if (auto chosen = compare(request->second)) deliver(request, std::move(*chosen));
}

void LeaseBook::deliver(Requests::iterator request, Arrival arrival) {
  close_leases(request->second);
  requests_.erase(request);
  arrivals_.push_back(std::move(arrival));
}

std::optional<LeaseBook::Arrival> LeaseBook::compare(RangeRequest& request) {
  Version& newest = request.versions.back();
  const std::size_t count = request.versions.size();
  const auto same = std::ranges::find(request.versions, newest.digest, &Version::digest);
  const bool agreed = &*same != &newest;
  if (count == 2) ++(agreed ? counters_.audited : counters_.disagreed);
  if (count > 2 || (count == 2 && !agreed)) report_difference(request);
  if (agreed) return std::move(newest.arrival);
  if (count >= kMaxVersions) {
    throw std::runtime_error("producers do not agree on " + describe(request.range) + ", each of " +
                             std::to_string(count) +
                             " computed other bytes; the log names them: check their memory, and "
                             "that all run the same build");
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

void LeaseBook::deliver_what_cannot_be_compared() {
  for (auto request = requests_.begin(); request != requests_.end();) {
    const auto at = request++;
    if (at->second.versions.size() != 1 || !at->second.is_idle()) continue;
    const bool alone = std::ranges::all_of(
        peers_, [&](const auto& peer) { return has_answered(at->second, peer.first); });
    if (alone) deliver(at, std::move(at->second.versions.front().arrival));
  }
}

bool LeaseBook::has_answered(const RangeRequest& request, const PeerId& peer) const {
  return std::ranges::any_of(request.versions,
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
  const auto found = request_of(from, failed.lease);
  if (found == requests_.end()) return drop_unasked(from, failed.lease);
  RangeRequest& request = found->second;
  ++counters_.failed;
  const std::string failure = "producer " + name_of(from) + ": " + failed.reason;
  reports_.push_back("no answer for " + describe(request.range) + " from " + failure);
  request.failed_by.insert(from);
  if (++request.failed >= rules_.failure_limit) give_up(request, failure);
  release(request, from, failed.lease);
}

void LeaseBook::damaged(const PeerId& from, std::uint64_t lease) {
  if (request_of(from, lease) == requests_.end()) return drop_unasked(from, lease);
  ++counters_.damaged;
  strike(from, lease, "damaged");
}

void LeaseBook::strike(const PeerId& from, std::uint64_t lease, const std::string& what) {
  RangeRequest& request = request_of(from, lease)->second;
  report_once(what, "dropped an answer of producer " + name_of(from) + " for " +
                        describe(request.range) + ": it was " + what);
  release(request, from, lease);
  const auto peer = peers_.find(from);
  if (peer == peers_.end() || ++peer->second.strikes < kMaxStrikes) return;
  if (banned_.size() < kMaxBanned) banned_.insert(from);
  forget(from);
  refuse(from, *mismatch(from, {}));
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
  find_gone(now);
  find_silent_ranks(now);
  find_late(now);
  if (rules_.audit > 0) deliver_what_cannot_be_compared();
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
    if (!request.is_idle() && now >= request.late_at) on_late(request, now);
  }
}

void LeaseBook::on_late(RangeRequest& request, Time now) {
  ++request.late;
  ++counters_.late;
  const Lease& first = *std::ranges::find(request.leases, false, &Lease::lost);
  const std::string why =
      "producer " + name_of(first.peer) + " has had it for " + seconds_text(now - first.since);
  if (request.late >= rules_.late_limit) give_up(request, why);
  reports_.push_back(describe(request.range) + " are late: " + why +
                     "; another producer is asked as well, if there is one");
  request.needs_lease = true;
  request.late_at = now + limit(peers_.at(first.peer)) * (1 << request.late);
}

void LeaseBook::make_leases(Time now) {
  for (auto& [range, request] : requests_) {
    if (!request.needs_lease) continue;
    const auto peer = free_peer(request);
    if (peer != peers_.end()) lease(request, peer->first, peer->second, now);
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

std::map<PeerId, LeaseBook::Peer>::iterator LeaseBook::free_peer(const RangeRequest& request) {
  // A producer that failed at a range usually did so at once, so it would be the idlest and get the
  // same range until the run ends.
  const bool others = std::ranges::any_of(
      peers_, [&](const auto& peer) { return !request.failed_by.contains(peer.first); });
  auto best = peers_.end();
  for (auto peer = peers_.begin(); peer != peers_.end(); ++peer) {
    // A producer computes an audited range a second time only as the third opinion, and only if
    // nobody else is there.
    const bool compared = request.versions.size() == 1 && has_answered(request, peer->first);
    const bool holds = std::ranges::any_of(
        request.leases, [&](const Lease& held) { return !held.lost && held.peer == peer->first; });
    const bool failed = others && request.failed_by.contains(peer->first);
    if (peer->second.is_full() || holds || compared || failed) continue;
    const auto effort = [&](const auto& one) {
      return std::pair(has_answered(request, one->first), one->second.leases.size());
    };
    if (best == peers_.end() || effort(peer) < effort(best)) best = peer;
  }
  return best;
}

void LeaseBook::lease(RangeRequest& request, const PeerId& to, Peer& peer, Time now) {
  if (request.leases.size() >= kMaxLeasesOfARange) {
    const auto oldest = std::ranges::find(request.leases, true, &Lease::lost);
    if (oldest != request.leases.end()) {
      range_of_lease_.erase(oldest->number);
      request.leases.erase(oldest);
    }
  }
  const bool first = request.is_idle();
  const std::uint64_t number = (rules_.epoch << 32) + ++leases_made_;
  request.leases.push_back({number, to, now});
  request.needs_lease = false;
  if (first) request.late_at = now + limit(peer) * (1 << request.late);
  ++counters_.leases;
  range_of_lease_[number] = request.range;
  peer.leases.insert(number);
  outgoing_.push_back({to, proto::Lease{number, request.range}});
}

Duration LeaseBook::limit(const Peer& peer) const {
  Duration least = rules_.late_after;
  if (peer.needed.empty()) return least;
  std::vector<Duration> sorted(peer.needed.begin(), peer.needed.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return std::max(least, kLateFactor * *middle);
}

void LeaseBook::give_up(const RangeRequest& request, const std::string& why) const {
  std::set<std::string> asked;
  for (const Lease& held : request.leases) asked.insert(name_of(held.peer));
  throw std::runtime_error(
      "no producer can make " + describe(request.range) + ": late " + std::to_string(request.late) +
      " times, failed " + std::to_string(request.failed) + " times, asked of " +
      base::joined(asked) + "; " + why +
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
  requests_.clear();
  range_of_lease_.clear();
}

}  // namespace millrace::queue
