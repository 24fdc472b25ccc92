// The events of a socket's connections (socket_monitor.h).
#include "queue/zmq/socket_monitor.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace millrace::queue {
namespace {

// Not ACCEPT_FAILED: without a descriptor left ZeroMQ tries again at once, and would report it a
// hundred thousand times a second.
constexpr int kEvents = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CONNECT_DELAYED |
                        ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_DISCONNECTED |
                        ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                        ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
constexpr int kMostAtOnce = 1000;
/// If ZeroMQ reconnects, it says so at once: silence for so long means that it will not.
constexpr std::chrono::milliseconds kReconnectsWithin{500};

}  // namespace

struct SocketMonitor::Failure {
  std::uint64_t SocketCounters::*counter;
  std::string_view router;  ///< the router's sentence for its log; empty: the allow-list logs it
  std::string_view dealer;  ///< the dealer's
};

const SocketMonitor::Failure* SocketMonitor::failure_of(std::uint16_t event, std::uint32_t value) {
  static constexpr Failure kUnfinished{
      &SocketCounters::unfinished,
      "a peer connected and left, or said nothing, before its handshake was over",
      "what listens there ends the handshake: compare its keys with queue.key_file and "
      "queue.server_key"};
  static constexpr Failure kMalformed{
      &SocketCounters::malformed, "a peer does not speak ZeroMQ's protocol",
      "what listens there does not speak ZeroMQ's protocol: check queue.uri"};
  static constexpr Failure kOtherKind{
      &SocketCounters::other_kind,
      "a peer was turned away: one of the two sides has keys (queue.key_file) and the other none",
      "the trainer there and this producer cannot agree: one of them has keys (queue.key_file) and "
      "the other none"};
  static constexpr Failure kWrongKey{
      &SocketCounters::wrong_key,
      "a peer was turned away: its queue.server_key is not this trainer's public key",
      "the trainer there holds another key than queue.server_key"};
  static constexpr Failure kNotAllowed{&SocketCounters::not_allowed, "",
                                       "the trainer there does not allow this key: add the public "
                                       "key of queue.key_file to its queue.allowed_keys"};
  if (event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) return &kUnfinished;
  if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) return &kNotAllowed;
  if (event != ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) return nullptr;
  if (value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH) return &kOtherKind;
  const bool keys = value == ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC ||
                    value == ZMQ_PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE;
  return keys ? &kWrongKey : &kMalformed;
}

SocketMonitor::SocketMonitor(zmq::context_t& context, zmq::socket_t& socket, std::string address,
                             Side side)
    : socket_(socket.handle()),
      address_(std::move(address)),
      side_(side),
      events_(context, zmq::socket_type::pair) {
  const std::string place = fmt::format("inproc://millrace.monitor.{}", fmt::ptr(socket_));
  if (zmq_socket_monitor(socket_, place.c_str(), kEvents) != 0) throw zmq::error_t();
  // No limit: at a limit, ZeroMQ's own thread would wait for ours.
  events_.set(zmq::sockopt::rcvhwm, 0);
  events_.set(zmq::sockopt::linger, 0);
  events_.connect(place);
}

SocketMonitor::~SocketMonitor() {
  if (guard_) {
    guard_->stopping = true;
    guard_->stop.notify();
    guard_->thread.join();
  }
  zmq_socket_monitor(socket_, nullptr, 0);
}

void SocketMonitor::guard(const std::string& bound_address, const ConnectionLimits& limits) {
  guard_ = std::make_unique<Guard>(bound_address, ConnectionTable(limits));
  guard_->thread = std::thread([this] { run(); });
}

void SocketMonitor::run() {
  std::array<zmq::pollitem_t, 2> items = {
      {{nullptr, guard_->stop.fd(), ZMQ_POLLIN, 0}, {events_.handle(), 0, ZMQ_POLLIN, 0}}};
  while (!guard_->stopping) {
    try {
      zmq::poll(items.data(), items.size(), std::chrono::milliseconds(-1));
      handle_events();
    } catch (const zmq::error_t& error) {
      if (error.num() == EINTR) continue;
      spdlog::error("{}: connections are not limited from now on: {}", address_, error.what());
      return;
    }
  }
}

void SocketMonitor::trust(int connection) {
  if (!guard_ || connection < 0) return;
  const std::lock_guard lock(mutex_);
  if (guard_->connections.trust(connection)) return;
  const auto from = peer_address(connection, guard_->listener);
  if (!from) return on_lost();
  guard_->connections.add(connection, *from);  // its message came before the event
  (void)guard_->connections.trust(connection);
  guard_->early.insert(connection);
}

zmq::pollitem_t SocketMonitor::poll_item() {
  if (guard_) return {nullptr, guard_->lost.fd(), ZMQ_POLLIN, 0};
  return {events_.handle(), 0, ZMQ_POLLIN, 0};
}

void SocketMonitor::read_events() {
  if (guard_) return guard_->lost.clear();
  handle_events();
}

SocketCounters SocketMonitor::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

void SocketMonitor::handle_events() {
  for (int i = 0; i < kMostAtOnce; ++i) {
    zmq::message_t event;
    zmq::message_t address;
    if (!events_.recv(event, zmq::recv_flags::dontwait)) return;
    (void)events_.recv(address, zmq::recv_flags::dontwait);
    std::uint16_t kind = 0;
    std::uint32_t value = 0;
    if (event.size() != sizeof kind + sizeof value) continue;
    std::memcpy(&kind, event.data(), sizeof kind);
    std::memcpy(&value, event.data<char>() + sizeof kind, sizeof value);
    const std::lock_guard lock(mutex_);
    on_event(kind, value);
  }
}

void SocketMonitor::on_event(std::uint16_t event, std::uint32_t value) {
  switch (event) {
    case ZMQ_EVENT_ACCEPTED: return on_accepted(static_cast<int>(value));
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: ++counters_.established; return connection_error_.clear();
    case ZMQ_EVENT_DISCONNECTED: return on_closed(static_cast<int>(value));
    case ZMQ_EVENT_CONNECTED:
    case ZMQ_EVENT_CONNECT_DELAYED:
    case ZMQ_EVENT_CONNECT_RETRIED: return lost_.reset();
    default:
      if (const Failure* failure = failure_of(event, value)) on_failure(*failure);
  }
}

void SocketMonitor::on_accepted(int connection) {
  ++counters_.accepted;
  if (!guard_ || guard_->early.erase(connection) != 0) return;
  const auto from = peer_address(connection, guard_->listener);
  if (!from) return;  // it has ended already
  ConnectionTable& connections = guard_->connections;
  connections.add(connection, *from);
  while (const auto excess = connections.excess(*from)) {
    connections.remove(excess->fd);
    if (!guard_->ender.end(excess->fd, guard_->listener)) continue;
    ++counters_.over_limit;
    report_excess(excess->limit, *from);
  }
}

void SocketMonitor::on_closed(int connection) {
  ++counters_.closed;
  lost_ = std::chrono::steady_clock::now();
  if (!guard_) return;
  if (guard_->connections.is_trusted(connection)) on_lost();
  guard_->connections.remove(connection);
}

void SocketMonitor::on_lost() {
  ++counters_.lost;
  guard_->lost.notify();
}

void SocketMonitor::on_failure(const Failure& failure) {
  ++(counters_.*failure.counter);
  const std::string_view sentence = side_ == Side::kRouter ? failure.router : failure.dealer;
  connection_error_ = sentence;
  if (!sentence.empty() && reported_.insert(sentence).second) {
    spdlog::warn("{}: {}", address_, sentence);
  }
}

void SocketMonitor::report_excess(ConnectionTable::Limit limit, const std::string& from) {
  if (!reported_limits_.insert(limit).second) return;
  const ConnectionLimits& limits = guard_->connections.limits();
  const bool in_all = limit == ConnectionTable::Limit::kInAll;
  spdlog::warn(
      "{}: {} has more than {} connections{}; the oldest that are no producer's are ended{}",
      address_,
      in_all         ? "this process"
      : from.empty() ? "a peer that left"
                     : from,
      in_all                                         ? limits.in_all
      : limit == ConnectionTable::Limit::kPerAddress ? limits.per_address
                                                     : limits.strangers_per_address,
      limit == ConnectionTable::Limit::kStrangersPerAddress ? " that are no producer's" : "",
      in_all ? "; for more, raise ulimit -n" : "");
}

bool SocketMonitor::gave_up(std::chrono::steady_clock::time_point now) const {
  return side_ == Side::kDealer && lost_ && now - *lost_ > kReconnectsWithin;
}

}  // namespace millrace::queue
