#include "queue/lease_book.h"

#include <algorithm>
#include <stdexcept>

#include "proto/digest.h"

namespace millrace::queue {
namespace {

/// A producer works on one range and has the next at hand.
constexpr std::uint32_t kLeasesPerCapacity = 2;
constexpr std::uint32_t kMaxCapacity = 256;

std::string describe(const proto::Range& range) {
  return std::string(proto::to_string(range.split)) + " samples [" + std::to_string(range.first) + ", " +
         std::to_string(range.end()) + ")" + (range.stage ? " at stage " + std::to_string(*range.stage) : "");
}

std::string printable(const PeerId& peer) { return proto::hex16(proto::xxh64(peer)); }

}  // namespace

void LeaseBook::want(const proto::Range& range) { asks_.try_emplace(range, Ask{range, {}, 0}); }

void LeaseBook::follow(const proto::StageLog& log) {
  for (auto at = asks_.begin(); at != asks_.end();) {
    if (proto::agrees(log, at->first)) {
      ++at;
      continue;
    }
    close_leases(at->second, {}, {});
    at = asks_.erase(at);
  }
}

void LeaseBook::receive(const PeerId& from, proto::Message message, Time now) {
  if (const auto peer = peers_.find(from); peer != peers_.end()) peer->second.heard = now;
  std::visit(
      [&](const auto& one) {
        if constexpr (requires { on(from, one, now); }) on(from, one, now);
      },
      message);
}

void LeaseBook::on(const PeerId& from, const proto::Hello& hello, Time now) {
  if (const auto reason = admission_.reason_against(hello.meta)) {
    last_refusal_ = *reason;
    outgoing_.push_back({from, proto::Refuse{*reason}});
    return;
  }
  if (!accepted_) accepted_ = hello.meta;
  admission_.pin(hello.meta);
  lost(from);  // a producer that says Hello again has dropped its leases
  Peer& peer = peers_[from];
  peer.capacity = std::clamp(hello.capacity, 1U, kMaxCapacity);
  peer.heard = now;
  outgoing_.push_back({from, proto::Welcome{rules_.epoch}});
}

void LeaseBook::on(const PeerId& from, const proto::Ping& ping, Time) {
  if (!peers_.contains(from) || ping.epoch != rules_.epoch) outgoing_.push_back({from, proto::SayHello{rules_.epoch}});
}

void LeaseBook::on(const PeerId& from, const proto::Bye&, Time) { lost(from); }

void LeaseBook::on(const PeerId& from, const proto::Filled& filled, Time now) {
  if (!peers_.contains(from)) outgoing_.push_back({from, proto::SayHello{rules_.epoch}});
  if (!answers(filled)) {
    ++counters_.foreign;
    return;
  }
  const auto ask = asks_.find(filled.batch.range);
  if (ask == asks_.end()) {
    ++counters_.duplicates;
    return;
  }
  close_leases(ask->second, from, now);
  asks_.erase(ask);
  batches_.push_back(filled.batch);
  ++counters_.batches;
}

bool LeaseBook::answers(const proto::Filled& filled) const {
  return accepted_ && filled.fingerprint == accepted_->fingerprint && proto::fits(accepted_->schema, filled.batch);
}

void LeaseBook::close_leases(Ask& ask, const PeerId& winner, Time now) {
  for (const OpenLease& open : ask.leases) {
    const auto peer = peers_.find(open.peer);
    if (peer == peers_.end()) continue;
    peer->second.leases.erase(open.number);
    if (open.peer != winner) continue;
    // A step of a quarter towards the newest answer follows the median closely enough for a limit of four times it.
    peer->second.usual += ((now - open.since) - peer->second.usual) / 4;
  }
}

void LeaseBook::lost(const PeerId& id) {
  const auto peer = peers_.find(id);
  if (peer == peers_.end()) return;
  for (auto& [range, ask] : asks_) {
    counters_.gone += std::erase_if(ask.leases, [&](const OpenLease& open) { return open.peer == id; });
  }
  peers_.erase(peer);
}

void LeaseBook::tick(Time now) {
  find_gone(now);
  find_late(now);
  hand_out(now);
}

void LeaseBook::find_gone(Time now) {
  std::vector<PeerId> gone;
  for (const auto& [id, peer] : peers_) {
    if (now - peer.heard > rules_.gone_after) gone.push_back(id);
  }
  for (const PeerId& id : gone) lost(id);
}

void LeaseBook::find_late(Time now) {
  for (auto& [range, ask] : asks_) {
    for (OpenLease& open : ask.leases) {
      const auto limit = std::max<std::chrono::steady_clock::duration>(rules_.late_after, 4 * peers_.at(open.peer).usual);
      if (open.late || now - open.since <= limit) continue;
      open.late = true;
      ++ask.late;
      ++counters_.late;
    }
  }
}

void LeaseBook::hand_out(Time now) {
  for (auto& [range, ask] : asks_) {
    const bool needs_one = std::ranges::all_of(ask.leases, [](const OpenLease& open) { return open.late; });
    if (!needs_one) continue;
    const auto peer = free_peer(ask);
    if (peer == peers_.end()) continue;
    if (ask.late >= rules_.max_late) {
      throw std::runtime_error("no producer can make " + describe(range) + ": " + std::to_string(ask.late) +
                               " producers were late with it, the last was " + printable(ask.leases.back().peer) +
                               "; see the producers' logs");
    }
    lease(ask, peer->first, peer->second, now);
  }
}

std::map<PeerId, LeaseBook::Peer>::iterator LeaseBook::free_peer(const Ask& ask) {
  auto best = peers_.end();
  for (auto peer = peers_.begin(); peer != peers_.end(); ++peer) {
    const bool full = peer->second.leases.size() >= std::size_t{peer->second.capacity} * kLeasesPerCapacity;
    const bool holds = std::ranges::any_of(ask.leases, [&](const OpenLease& open) { return open.peer == peer->first; });
    if (full || holds) continue;
    if (best == peers_.end() || peer->second.leases.size() < best->second.leases.size()) best = peer;
  }
  return best;
}

void LeaseBook::lease(Ask& ask, const PeerId& to, Peer& peer, Time now) {
  const std::uint64_t number = (rules_.epoch << 32) + ++leases_made_;
  ask.leases.push_back({number, to, now});
  peer.leases.insert(number);
  outgoing_.push_back({to, proto::Lease{number, ask.range}});
}

void LeaseBook::end() {
  for (const auto& [id, peer] : peers_) outgoing_.push_back({id, proto::Bye{}});
  peers_.clear();
  asks_.clear();
}

}  // namespace millrace::queue
