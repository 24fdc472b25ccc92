#include "queue/zmq_producer_end.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "queue/mailbox.h"
#include "queue/producer_session.h"
#include "queue/socket.h"

namespace millrace::queue {
namespace {

constexpr Milliseconds kTickEvery{50};

/// The conversation with one rank.
struct Link {
  std::uint32_t number;
  std::string address;
  ProducerSession session;
  Socket socket;
};

struct Answer {
  std::uint32_t link = 0;
  proto::Frames frames;
};

class ZmqProducerEnd final : public ProducerEnd {
 public:
  ZmqProducerEnd(const Uri& uri, const proto::StreamMeta& meta, std::uint32_t capacity, const Security& security)
      : uri_(uri), meta_(meta), capacity_(capacity), security_(security), thread_([this] { run(); }) {}

  ~ZmqProducerEnd() override {
    stopping_ = true;
    bell_.ring();
    thread_.join();
  }

  std::optional<Order> next(Milliseconds timeout) override {
    auto order = orders_.take(timeout);
    const std::lock_guard lock(mutex_);
    if (failure_) std::rethrow_exception(failure_);
    // The rank that asked may have ended, or started anew, since.
    if (order && holds(*order)) return order;
    return std::nullopt;
  }

  void deliver(const Order& order, const proto::Batch& batch) override {
    const auto held = finish(order);
    if (!held) return;  // the trainer that asked for it is gone
    // The checksums are computed here, by the worker, and not by the one thread that all workers share.
    const auto held_us = static_cast<std::uint64_t>(held->count());
    answer(order, proto::encode(proto::Filled{order.lease, meta_.fingerprint, batch, held_us}, meta_.schema));
  }

  void fail(const Order& order, const std::string& reason) override {
    spdlog::error("cannot compute {} samples [{}, {}): {}", proto::to_string(order.range.split), order.range.first,
                  order.range.end(), reason);
    if (finish(order)) answer(order, proto::encode(proto::Failed{order.lease, reason}));
  }

  bool complete() const override { return false; }

  std::string state() const override {
    const std::lock_guard lock(mutex_);
    if (links_.empty() || !lead().session.welcomed()) {
      return "waiting for a trainer at " + uri_.text + (trouble_.empty() ? "" : " (" + trouble_ + ")");
    }
    std::size_t open = 0;
    for (const Link& link : links_) open += link.session.open_leases();
    return open == 0 ? "the trainer has all it wants for now" : std::to_string(open) + " leases open";
  }

 private:
  /// Rank 0's.
  Link& lead() { return links_.front(); }
  const Link& lead() const { return links_.front(); }

  Link* find(std::uint32_t number) {
    const auto link = std::ranges::find(links_, number, &Link::number);
    return link == links_.end() ? nullptr : &*link;
  }

  bool holds(const Order& order) {
    const Link* link = find(order.asker);
    return link != nullptr && link->session.holds(order.lease);
  }

  std::optional<std::chrono::microseconds> finish(const Order& order) {
    const std::lock_guard lock(mutex_);
    Link* link = find(order.asker);
    return link == nullptr ? std::nullopt : link->session.finish(order.lease, std::chrono::steady_clock::now());
  }

  void answer(const Order& order, proto::Frames frames) {
    outgoing_.put({order.asker, std::move(frames)});
    bell_.ring();
  }

  /// The thread: the only one that touches the sockets and the list of links.
  void run() {
    try {
      connect(uri_.text);
      while (!stopping_) {
        wait_for_messages();
        for (Link& link : links_) receive_all(link);
        for (Link& link : links_) act(link);
        send_answers();
        follow_ranks();
      }
      send_answers();
      for (Link& link : links_) (void)link.socket.send({{}, proto::encode(proto::Bye{})});
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
      orders_.close();
    }
  }

  void connect(const std::string& address) {
    Socket socket = Socket::connect_dealer(context_, address, security_, routing_id_);
    const std::lock_guard lock(mutex_);
    links_.push_back({next_link_++, address, ProducerSession(meta_, capacity_), std::move(socket)});
  }

  void wait_for_messages() {
    std::vector<Socket*> sockets;
    for (Link& link : links_) sockets.push_back(&link.socket);
    wait(sockets, bell_, kTickEvery);
  }

  void receive_all(Link& link) {
    while (auto envelope = link.socket.receive()) {
      proto::Decoded decoded = proto::decode(envelope->frames);
      if (decoded.status == proto::DecodeStatus::kVersion) {
        throw std::runtime_error("the trainer at " + link.address + " speaks another protocol version than this build (" +
                                 std::to_string(proto::kProtocolVersion) + "): use the same version of Millrace on both sides");
      }
      if (decoded.status != proto::DecodeStatus::kOk) {
        report_damage(link, decoded.status);
        continue;
      }
      const std::lock_guard lock(mutex_);
      link.session.receive(std::move(decoded.message), std::chrono::steady_clock::now());
    }
  }

  /// Once per cause: a peer that sends rubbish must not fill the log.
  void report_damage(const Link& link, proto::DecodeStatus status) {
    if (reported_.insert(status).second) spdlog::warn("{}: dropped {}", link.address, proto::describe(status));
  }

  void act(Link& link) {
    std::vector<proto::Message> messages;
    {
      const std::lock_guard lock(mutex_);
      if (&link == &lead()) trouble_ = link.socket.trouble();
      link.session.tick(std::chrono::steady_clock::now());
      for (const proto::Lease& lease : link.session.take_leases()) orders_.put({lease.number, lease.range, link.number});
      messages = link.session.take_outgoing();
      if (const auto& refusal = link.session.refusal()) {
        throw std::runtime_error("the trainer at " + link.address + " refused this stream: " + *refusal);
      }
    }
    for (const proto::Message& message : messages) send(link, proto::encode(message));
  }

  void send(Link& link, proto::Frames frames) {
    if (link.socket.send({{}, std::move(frames)})) return;
    const std::lock_guard lock(mutex_);
    link.session.unreachable();
  }

  void send_answers() {
    while (auto answer = outgoing_.take(Milliseconds(0))) {
      if (Link* link = find(answer->link)) send(*link, std::move(answer->frames));
    }
  }

  /// Links exactly those ranks that rank 0 named last.
  void follow_ranks() {
    if (!lead().session.welcomed()) return;
    const std::vector<std::string> wanted = lead().session.ranks();
    const auto is_wanted = [&](const std::string& address) { return std::ranges::find(wanted, address) != wanted.end(); };
    if (std::ranges::any_of(links_, [&](const Link& link) { return &link != &lead() && !is_wanted(link.address); })) {
      const std::lock_guard lock(mutex_);
      links_.erase(std::remove_if(links_.begin() + 1, links_.end(), [&](const Link& link) { return !is_wanted(link.address); }),
                   links_.end());
    }
    for (const std::string& address : wanted) {
      if (std::ranges::find(links_, address, &Link::address) == links_.end()) connect(address);
    }
  }

  const Uri uri_;
  const proto::StreamMeta meta_;
  const std::uint32_t capacity_;
  const Security security_;
  const std::string routing_id_ = random_routing_id();
  Bell bell_;
  Context context_;
  mutable std::mutex
      mutex_;  // links_ with their sessions, failure_, trouble_; the thread alone changes the list, and reads it without
  std::vector<Link> links_;  ///< rank 0's first
  std::uint32_t next_link_ = 0;
  std::exception_ptr failure_;
  std::string trouble_;  ///< of the connection to rank 0
  Mailbox<Order> orders_;
  Mailbox<Answer> outgoing_;
  std::set<proto::DecodeStatus> reported_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace

std::unique_ptr<ProducerEnd> make_zmq_producer_end(const Uri& uri, const proto::StreamMeta& meta, std::uint32_t capacity,
                                                   const Security& security) {
  return std::make_unique<ZmqProducerEnd>(uri, meta, capacity, security);
}

}  // namespace millrace::queue
