// The producer's side of the protocol (producer_session.h).
#include "queue/protocol/producer_session.h"

namespace millrace::queue {
namespace {

/// A quarter of LeaseRules::gone_after, the silence after which a producer counts as gone.
constexpr std::chrono::milliseconds kPingEvery{200};
constexpr std::chrono::milliseconds kHelloEvery{500};

}  // namespace

void ProducerSession::receive(proto::Message message, Time now) {
  std::visit(
      [&](const auto& one) {
        if constexpr (requires { on(one, now); }) on(one, now);
      },
      message);
}

void ProducerSession::on(const proto::Welcome& welcome, Time) {
  if (welcome.epoch != epoch_) reset();
  epoch_ = welcome.epoch;
  ranks_ = welcome.ranks;
  refusal_.reset();
}

void ProducerSession::on(const proto::Lease& lease, Time now) {
  if (!welcomed() || open_.size() >= proto::kMaxHeldLeases ||
      !open_.try_emplace(lease.number, now).second) {
    return;
  }
  new_.push_back(lease);
}

void ProducerSession::on(const proto::SayHello&, Time) {
  reset();
  last_sent_.reset();  // say Hello at the next tick
}

void ProducerSession::on(const proto::Bye&, Time) { reset(); }

void ProducerSession::unreachable() {
  if (welcomed()) reset();
  last_sent_.reset();  // the last message was lost: say Hello at every tick until one can be sent
}

void ProducerSession::reset() {
  epoch_ = 0;
  open_.clear();
  new_.clear();
}

std::optional<std::chrono::microseconds> ProducerSession::finish(std::uint64_t lease, Time now) {
  const auto held = open_.find(lease);
  if (held == open_.end()) return std::nullopt;
  const Time since = held->second;
  open_.erase(held);
  return std::chrono::duration_cast<std::chrono::microseconds>(now - since);
}

void ProducerSession::tick(Time now) {
  if (last_sent_ && now - *last_sent_ < (welcomed() ? kPingEvery : kHelloEvery)) return;
  last_sent_ = now;
  if (welcomed()) {
    proto::Ping ping{epoch_, {}, proto::digest_of_ranks(ranks_)};
    for (const auto& [lease, since] : open_) ping.leases.push_back(lease);
    outgoing_.push_back(std::move(ping));
  } else {
    outgoing_.push_back(self_);
  }
}

}  // namespace millrace::queue
