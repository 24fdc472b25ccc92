#include "queue/socket.h"

#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <stdexcept>
#include <utility>

namespace millrace::queue {
namespace {

constexpr int kHeartbeatEvery_ms = 1000;
constexpr int kHeartbeatTimeout_ms = 5000;
constexpr int kLinger_ms = 500;
constexpr std::size_t kMostFrames = 2 + proto::kMaxFields;

/// 16 random bytes, the first not 0 (ZeroMQ keeps those for itself): only a reconnect of this very process has the same.
std::string random_routing_id() {
  std::array<char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw std::runtime_error("no random bytes from the system");
  }
  if (bytes[0] == 0) bytes[0] = 1;
  return {bytes.data(), bytes.size()};
}

proto::SharedBytes keep(zmq::message_t message) {
  auto owner = std::make_shared<zmq::message_t>(std::move(message));
  const std::span<const std::byte> bytes(static_cast<const std::byte*>(owner->data()), owner->size());
  return {std::move(owner), bytes};
}

/// A ZeroMQ message that views `frame` and shares its ownership.
zmq::message_t lend(const proto::SharedBytes& frame) {
  auto* owner = new std::shared_ptr<const void>(frame.owner);
  const auto release = [](void*, void* hint) { delete static_cast<std::shared_ptr<const void>*>(hint); };
  return {const_cast<std::byte*>(frame.bytes.data()), frame.bytes.size(), release, owner};
}

}  // namespace

Bell::Bell() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (fd_ < 0) throw std::runtime_error("the system has no eventfd left (too many open files?)");
}
Bell::~Bell() { ::close(fd_); }
void Bell::ring() const {
  const std::uint64_t one = 1;
  // Full means that it rings already.
  [[maybe_unused]] const ssize_t written = ::write(fd_, &one, sizeof one);
}
void Bell::silence() const {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(fd_, &count, sizeof count);
}

Socket::Socket(zmq::socket_type type, bool routed) : context_(1), socket_(context_, type), routed_(routed) {
  socket_.set(zmq::sockopt::linger, kLinger_ms);
  socket_.set(zmq::sockopt::maxmsgsize, kMaxFrameBytes);
  socket_.set(zmq::sockopt::heartbeat_ivl, kHeartbeatEvery_ms);
  socket_.set(zmq::sockopt::heartbeat_timeout, kHeartbeatTimeout_ms);
  socket_.set(zmq::sockopt::heartbeat_ttl, kHeartbeatTimeout_ms);
}

Socket Socket::bind_router(const std::string& address) {
  Socket router(zmq::socket_type::router, true);
  router.socket_.set(zmq::sockopt::router_mandatory, true);
  router.socket_.set(zmq::sockopt::router_handover, true);
  try {
    router.socket_.bind(address);
  } catch (const zmq::error_t& error) {
    const std::string hint =
        error.num() == EADDRINUSE ? "; another trainer may hold it: stop it, or choose another --queue.uri" : "; check --queue.uri";
    throw std::runtime_error("cannot listen at " + address + ": " + error.what() + hint);
  }
  return router;
}

Socket Socket::connect_dealer(const std::string& address) {
  Socket dealer(zmq::socket_type::dealer, false);
  dealer.socket_.set(zmq::sockopt::routing_id, random_routing_id());
  dealer.socket_.set(zmq::sockopt::immediate, true);
  dealer.socket_.set(zmq::sockopt::reconnect_ivl, 50);
  dealer.socket_.set(zmq::sockopt::reconnect_ivl_max, 500);
  try {
    dealer.socket_.connect(address);
  } catch (const zmq::error_t& error) {
    throw std::runtime_error("cannot connect to " + address + ": " + error.what() + "; check --queue.uri");
  }
  return dealer;
}

void Socket::wait(const Bell& bell, std::chrono::milliseconds timeout) {
  std::array<zmq::pollitem_t, 2> items = {{{socket_.handle(), 0, ZMQ_POLLIN, 0}, {nullptr, bell.fd(), ZMQ_POLLIN, 0}}};
  try {
    zmq::poll(items.data(), items.size(), timeout);
  } catch (const zmq::error_t& error) {
    if (error.num() != EINTR) throw;
  }
  bell.silence();
}

std::optional<Envelope> Socket::receive() {
  Envelope envelope;
  bool first = true;
  for (;;) {
    zmq::message_t message;
    if (!socket_.recv(message, zmq::recv_flags::dontwait)) return std::nullopt;
    const bool more = message.more();
    if (first && routed_) {
      envelope.peer = message.to_string();
    } else if (envelope.frames.size() <= kMostFrames) {
      envelope.frames.push_back(keep(std::move(message)));
    }
    first = false;
    if (!more) return envelope;
  }
}

bool Socket::send(const Envelope& envelope) {
  try {
    if (routed_ && !socket_.send(zmq::buffer(envelope.peer), zmq::send_flags::sndmore | zmq::send_flags::dontwait)) return false;
    for (std::size_t i = 0; i < envelope.frames.size(); ++i) {
      const bool last = i + 1 == envelope.frames.size();
      const auto flags = (last ? zmq::send_flags::none : zmq::send_flags::sndmore) | zmq::send_flags::dontwait;
      if (!socket_.send(lend(envelope.frames[i]), flags)) return false;
    }
  } catch (const zmq::error_t& error) {
    if (error.num() == EHOSTUNREACH) return false;
    throw;
  }
  return true;
}

}  // namespace millrace::queue
