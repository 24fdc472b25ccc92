#include "queue/producer_session.h"

namespace millrace::queue {
namespace {
/// A quarter of the time after which a consumer takes a silent producer for gone.
constexpr std::chrono::milliseconds kPingEvery{200};
constexpr std::chrono::milliseconds kHelloEvery{500};
}  // namespace

void ProducerSession::receive(proto::Message message) {
  std::visit(
      [this](const auto& one) {
        if constexpr (requires { on(one); }) on(one);
      },
      message);
}

void ProducerSession::on(const proto::Welcome& welcome) {
  if (welcome.epoch != epoch_) drop();
  epoch_ = welcome.epoch;
}

void ProducerSession::on(const proto::Lease& lease) {
  if (!welcomed() || !open_.insert(lease.number).second) return;
  orders_.push_back({lease.number, lease.range});
}

void ProducerSession::on(const proto::SayHello&) {
  drop();
  last_sign_.reset();  // say Hello at the next tick
}

void ProducerSession::on(const proto::Bye&) { drop(); }

void ProducerSession::unreachable() {
  if (welcomed()) drop();
}

void ProducerSession::drop() {
  epoch_ = 0;
  open_.clear();
  orders_.clear();
  dropped_ = true;
}

void ProducerSession::tick(Time now) {
  if (last_sign_ && now - *last_sign_ < (welcomed() ? kPingEvery : kHelloEvery)) return;
  last_sign_ = now;
  if (welcomed()) {
    outgoing_.push_back(proto::Ping{epoch_});
  } else {
    outgoing_.push_back(proto::Hello{meta_, capacity_});
  }
}

}  // namespace millrace::queue
