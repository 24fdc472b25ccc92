#include "queue/zmq_producer_end.h"

#include <atomic>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include "queue/mailbox.h"
#include "queue/producer_session.h"
#include "queue/socket.h"

namespace millrace::queue {
namespace {

constexpr Milliseconds kTickEvery{50};

class ZmqProducerEnd final : public ProducerEnd {
 public:
  ZmqProducerEnd(const Uri& uri, const proto::StreamMeta& meta, std::uint32_t capacity, const Security& security)
      : uri_(uri),
        schema_(meta.schema),
        fingerprint_(meta.fingerprint),
        session_(meta, capacity),
        socket_(Socket::connect_dealer(context_, uri.text, security, random_routing_id())),
        thread_([this] { run(); }) {}

  ~ZmqProducerEnd() override {
    stopping_ = true;
    bell_.ring();
    thread_.join();
  }

  std::optional<Order> next(Milliseconds timeout) override {
    if (auto order = orders_.take(timeout)) return order;
    const std::lock_guard lock(mutex_);
    if (failure_) std::rethrow_exception(failure_);
    if (session_.refusal())
      throw std::runtime_error("the trainer at " + uri_.text + " refused this stream: " + *session_.refusal());
    return std::nullopt;
  }

  void deliver(const Order& order, const proto::Batch& batch) override {
    {
      const std::lock_guard lock(mutex_);
      if (!session_.finish(order.lease)) return;  // the trainer that asked for it is gone
    }
    // The checksums are computed here, by the worker, and not by the one thread that all workers share.
    outgoing_.put(proto::encode(proto::Filled{order.lease, fingerprint_, batch}, schema_));
    bell_.ring();
  }

  bool complete() const override { return false; }

  std::string state() const override {
    const std::lock_guard lock(mutex_);
    if (!session_.welcomed()) return "waiting for a trainer at " + uri_.text;
    const std::size_t open = session_.open_leases();
    return open == 0 ? "the trainer has all it wants for now" : std::to_string(open) + " leases open";
  }

 private:
  /// The thread: the only one that touches the socket.
  void run() {
    Socket* const sockets[] = {&socket_};
    try {
      while (!stopping_) {
        wait(sockets, bell_, kTickEvery);
        receive_all();
        act();
      }
      send_batches();
      (void)socket_.send({{}, proto::encode(proto::Bye{})});
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
      orders_.close();
    }
  }

  void receive_all() {
    while (auto envelope = socket_.receive()) {
      proto::Decoded decoded = proto::decode(envelope->frames);
      if (decoded.status != proto::DecodeStatus::kOk) continue;  // the trainer asks again
      const std::lock_guard lock(mutex_);
      session_.receive(std::move(decoded.message));
    }
  }

  void act() {
    std::vector<proto::Message> messages;
    {
      const std::lock_guard lock(mutex_);
      session_.tick(std::chrono::steady_clock::now());
      if (session_.take_dropped()) orders_.clear();
      for (Order& order : session_.take_orders()) orders_.put(std::move(order));
      messages = session_.take_outgoing();
    }
    bool reached = true;
    for (const proto::Message& message : messages) reached = socket_.send({{}, proto::encode(message)}) && reached;
    reached = send_batches() && reached;
    if (reached) return;
    const std::lock_guard lock(mutex_);
    session_.unreachable();
  }

  bool send_batches() {
    bool reached = true;
    while (auto frames = outgoing_.take(Milliseconds(0))) reached = socket_.send({{}, std::move(*frames)}) && reached;
    return reached;
  }

  Uri uri_;
  proto::Schema schema_;
  std::string fingerprint_;
  mutable std::mutex mutex_;  // session_, failure_
  ProducerSession session_;
  std::exception_ptr failure_;
  Mailbox<Order> orders_;
  Mailbox<proto::Frames> outgoing_;
  std::atomic<bool> stopping_{false};
  Bell bell_;
  Context context_;
  Socket socket_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace

std::unique_ptr<ProducerEnd> make_zmq_producer_end(const Uri& uri, const proto::StreamMeta& meta, std::uint32_t capacity,
                                                   const Security& security) {
  return std::make_unique<ZmqProducerEnd>(uri, meta, capacity, security);
}

}  // namespace millrace::queue
