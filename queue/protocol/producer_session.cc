#include "queue/protocol/producer_session.h"

namespace millrace::queue {
namespace {

/// A quarter of the time after which a consumer takes a silent producer for gone.
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
  if (welcome.epoch != epoch_) drop();
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
  drop();
  last_sign_.reset();  // say Hello at the next tick
}

void ProducerSession::on(const proto::Bye&, Time) { drop(); }

void ProducerSession::unreachable() {
  if (welcomed()) drop();
  last_sign_.reset();  // what was said last was not sent: say Hello at every tick until one can be
}

void ProducerSession::drop() {
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
  if (last_sign_ && now - *last_sign_ < (welcomed() ? kPingEvery : kHelloEvery)) return;
  last_sign_ = now;
  if (welcomed()) {
    proto::Ping ping{epoch_, {}, proto::digest_of_ranks(ranks_)};
    for (const auto& [lease, since] : open_) ping.leases.push_back(lease);
    outgoing_.push_back(std::move(ping));
  } else {
    outgoing_.push_back(self_);
  }
}

}  // namespace millrace::queue
