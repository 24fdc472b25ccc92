// The producer's side of the protocol (producer_session.h).
#include "queue/protocol/producer_session.h"

#include <algorithm>

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
  if (!welcomed() || open_.size() >= proto::kMaxHeldLeases || open_.contains(lease.number)) {
    return;
  }
  // Before memory is taken for it.
  if (const std::string error = error_of(lease.range); !error.empty()) {
    outgoing_.push_back(proto::Failed{lease.number, error});
    return;
  }
  open_.emplace(lease.number, now);
  new_.push_back(lease);
}

std::string ProducerSession::error_of(const proto::Range& range) const {
  const proto::StreamMeta& meta = self_.meta;
  const std::string split(proto::to_string(range.split));
  const std::uint64_t size = meta.size(range.split);
  if (range.count > size || range.first > size - range.count) {
    return "the " + split + " split has " + std::to_string(size) + " samples";
  }
  if (range.count > proto::kMaxLeaseBytes / meta.schema.bytes_per_sample()) {
    return std::to_string(range.count) + " samples are more than the " +
           std::to_string(proto::kMaxLeaseBytes >> 20) + " MiB of one lease";
  }
  const auto& stages = range.split == proto::Split::kTrain ? meta.train_stages : meta.val_stages;
  if (range.stage && *range.stage >= std::max<std::size_t>(stages.size(), 1)) {
    return "stage " + std::to_string(*range.stage) + " of " + split + " is not one of the " +
           std::to_string(stages.size()) + " of this stream";
  }
  return "";
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
