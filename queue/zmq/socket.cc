// ZeroMQ sockets (socket.h).
#include "queue/zmq/socket.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "queue/zmq/host_port.h"
#include "queue/zmq/keys.h"
#include "queue/zmq/zmq_transport.h"

namespace millrace::queue {
namespace {

constexpr int kHandshakeTimeout_ms = 5000;
constexpr int kHeartbeatEvery_ms = 1000;
constexpr int kHeartbeatTimeout_ms = 5000;
constexpr int kLinger_ms = 500;
/// A trainer that restarts is found again within kReconnectMost_ms.
constexpr int kReconnectFirst_ms = 50;
constexpr int kReconnectMost_ms = 200;
constexpr std::size_t kMostFrames = 2 + proto::kMaxFields;
/// Send buffers on one machine. By default that of a TCP connection grows to megabytes, so that
/// data leaves the cache before it is read, and that of a UNIX socket is so small that it fills
/// five times for a batch. To another machine the buffer has to grow with the delay of the link.
constexpr int kLoopbackSendBufferBytes = 512 << 10;
constexpr int kIpcSendBufferBytes = 256 << 10;

/// A frame that views a message and owns it.
proto::SharedBytes to_frame(zmq::message_t message) {
  auto owner = std::make_shared<zmq::message_t>(std::move(message));
  const std::span<const std::byte> bytes(static_cast<const std::byte*>(owner->data()),
                                         owner->size());
  return {std::move(owner), bytes};
}

/// A message that views a frame and shares its ownership.
zmq::message_t to_message(const proto::SharedBytes& frame) {
  auto* owner = new std::shared_ptr<const void>(frame.owner);
  const auto release = [](void*, void* hint) {
    delete static_cast<std::shared_ptr<const void>*>(hint);
  };
  return {const_cast<std::byte*>(frame.bytes.data()), frame.bytes.size(), release, owner};
}

void set_server_keys(zmq::socket_t& router, const Security& security) {
  if (!security.own) return;
  router.set(zmq::sockopt::curve_server, true);
  router.set(zmq::sockopt::curve_secretkey, security.own->secret_key);
  router.set(zmq::sockopt::zap_domain, kZapDomain);
}

/// HOST:PORT of a tcp address; empty: the address is a UNIX socket's.
std::optional<std::string> host_port_of(const std::string& address) {
  const std::string prefix = tcp_transport().prefix();
  if (!address.starts_with(prefix)) return std::nullopt;
  return address.substr(prefix.size());
}

/// The path of a UNIX socket in the file system; empty: of a tcp address, and of a name that is
/// none (@name).
std::optional<std::string> path_of(const std::string& address) {
  const std::string prefix = ipc_transport().prefix();
  if (!address.starts_with(prefix) || address.starts_with(prefix + "@")) return std::nullopt;
  return address.substr(prefix.size());
}

/// −1: the system's default.
int send_buffer_bytes(const std::string& address) {
  const auto host_port = host_port_of(address);
  if (!host_port) return kIpcSendBufferBytes;
  return is_loopback(*host_port) ? kLoopbackSendBufferBytes : -1;
}

void require_keys_or_loopback(const std::string& address, const Security& security) {
  const auto host_port = host_port_of(address);
  if (security.own || security.insecure || !host_port || is_loopback(*host_port)) return;
  throw std::invalid_argument(
      address +
      " can be reached by other machines, and nothing on the way is encrypted: use 127.0.0.1, or " +
      "keys (queue.key_file and queue.allowed_keys, docs/explanation/security.md), or set "
      "queue.insecure = true on a " +
      "private network");
}

std::string bind_hint(int error) {
  if (error == EEXIST) {
    return ", and it is no socket; move it away, or choose another --queue.uri";
  }
  if (error == EADDRINUSE) {
    return "; another trainer may hold it: stop it, or choose another --queue.uri";
  }
  if (error == ENODEV) {
    return "; to listen takes an address or an interface of this machine, not a name: check "
           "--queue.uri";
  }
  return "; check --queue.uri";
}

/// The user of a peer over ipc: ZeroMQ's address of it ends in ":UID:GID:PID".
std::string user_of(std::string_view peer_address) {
  for (int i = 0; i < 2; ++i) peer_address = peer_address.substr(0, peer_address.rfind(':'));
  return "user " + std::string(peer_address.substr(peer_address.rfind(':') + 1));
}

void set_client_keys(zmq::socket_t& dealer, const Security& security) {
  if (!security.own) return;
  dealer.set(zmq::sockopt::curve_publickey, security.own->public_key);
  dealer.set(zmq::sockopt::curve_secretkey, security.own->secret_key);
  dealer.set(zmq::sockopt::curve_serverkey, security.server_key);
}

}  // namespace

std::string random_routing_id() {
  std::array<char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw std::runtime_error("no random bytes from the system");
  }
  if (bytes[0] == 0) bytes[0] = 1;
  return {bytes.data(), bytes.size()};
}

void Context::guard(const Security& security) {
  if (!security.own || allow_list_) return;
  std::set<std::string> keys = security.allowed;
  keys.insert(security.own->public_key);
  allow_list_ = std::make_unique<AllowList>(context_, std::move(keys));
}

Socket::Socket(Context& context, const std::string& address, zmq::socket_type type)
    : address_(address),
      is_router_(type == zmq::socket_type::router),
      socket_(context.context_, type),
      monitor_(std::make_unique<SocketMonitor>(
          context.context_, socket_, address,
          is_router_ ? SocketMonitor::Side::kRouter : SocketMonitor::Side::kDealer)),
      watch_(std::make_unique<AddressWatch>(address)) {
  socket_.set(zmq::sockopt::linger, kLinger_ms);
  socket_.set(zmq::sockopt::maxmsgsize, kMaxFrameBytes);
  socket_.set(zmq::sockopt::handshake_ivl, kHandshakeTimeout_ms);
  socket_.set(zmq::sockopt::heartbeat_ivl, kHeartbeatEvery_ms);
  socket_.set(zmq::sockopt::heartbeat_timeout, kHeartbeatTimeout_ms);
  socket_.set(zmq::sockopt::heartbeat_ttl, kHeartbeatTimeout_ms);
  socket_.set(zmq::sockopt::ipv6, address.find('[') != std::string::npos);
}

Socket Socket::bind_router(Context& context, const std::string& address, const Security& security) {
  require_keys_or_loopback(address, security);
  context.guard(security);
  Socket router(context, address, zmq::socket_type::router);
  set_server_keys(router.socket_, security);
  if (security.own) router.own_key_ = security.own->public_key;
  router.socket_.set(zmq::sockopt::router_mandatory, true);
  router.socket_.set(zmq::sockopt::router_handover, true);
  router.bind();
  return router;
}

void Socket::bind() {
  int reason = 0;
  try {
    if (const auto path = path_of(address_)) {
      listener_ = std::make_unique<UnixListener>(*path);
      socket_.set(zmq::sockopt::use_fd, listener_->take_fd());
    }
    socket_.bind(address_);
    monitor_->guard(bound_address(), connection_limits());
    return;
  } catch (const std::system_error& error) {
    reason = error.code().value();
  } catch (const zmq::error_t& error) {
    reason = error.num();
  }
  throw std::runtime_error("cannot listen at " + address_ + ": " + zmq_strerror(reason) +
                           bind_hint(reason));
}

Socket Socket::connect_dealer(Context& context, const std::string& address,
                              const Security& security, const std::string& routing_id) {
  Socket dealer(context, address, zmq::socket_type::dealer);
  set_client_keys(dealer.socket_, security);
  dealer.socket_.set(zmq::sockopt::routing_id, routing_id);
  dealer.socket_.set(zmq::sockopt::immediate, true);
  dealer.socket_.set(zmq::sockopt::reconnect_ivl, kReconnectFirst_ms);
  dealer.socket_.set(zmq::sockopt::reconnect_ivl_max, kReconnectMost_ms);
  dealer.socket_.set(zmq::sockopt::sndbuf, send_buffer_bytes(address));
  try {
    dealer.socket_.connect(address);
  } catch (const zmq::error_t& error) {
    throw std::runtime_error("cannot connect to " + address + ": " + error.what() +
                             "; check --queue.uri");
  }
  return dealer;
}

std::string Socket::bound_address() const { return socket_.get(zmq::sockopt::last_endpoint); }

std::optional<Envelope> Socket::receive() {
  Envelope envelope;
  bool first = true;
  for (;;) {
    zmq::message_t message;
    if (!socket_.recv(message, zmq::recv_flags::dontwait)) return std::nullopt;
    const bool more = message.more();
    if (!more) name_sender(message, envelope);
    if (first && is_router_) {
      envelope.peer = message.to_string();
    } else if (envelope.frames.size() <= kMostFrames) {
      envelope.frames.push_back(to_frame(std::move(message)));
    }
    first = false;
    if (!more) return envelope;
  }
}

void Socket::name_sender(zmq::message_t& message, Envelope& envelope) const {
  envelope.connection = zmq_msg_get(message.handle(), ZMQ_SRCFD);
  const auto property = [&](const char* name) {
    const char* value = zmq_msg_gets(message.handle(), name);
    return std::string(value == nullptr ? "" : value);
  };
  if (own_key_.empty()) {
    envelope.origin = property("Peer-Address");
    const bool is_ipc = !host_port_of(address_);
    if (is_ipc && !envelope.origin.empty()) envelope.origin = user_of(envelope.origin);
    return;
  }
  const std::string key = property("User-Id");  // by the allow-list
  envelope.own_key = key == own_key_;
  if (!key.empty()) envelope.origin = key_fingerprint(key);
}

bool Socket::send(const Envelope& envelope) {
  try {
    if (is_router_ && !socket_.send(zmq::buffer(envelope.peer),
                                    zmq::send_flags::sndmore | zmq::send_flags::dontwait)) {
      return false;
    }
    for (std::size_t i = 0; i < envelope.frames.size(); ++i) {
      const bool last = i + 1 == envelope.frames.size();
      const auto flags =
          (last ? zmq::send_flags::none : zmq::send_flags::sndmore) | zmq::send_flags::dontwait;
      if (!socket_.send(to_message(envelope.frames[i]), flags)) return false;
    }
  } catch (const zmq::error_t& error) {
    if (error.num() == EHOSTUNREACH) return false;
    throw;
  }
  return true;
}

void Socket::update_connection() {
  monitor_->read_events();
  if (!is_router_ && counters().established == 0) watch_->look(std::chrono::steady_clock::now());
  if (!monitor_->gave_up(std::chrono::steady_clock::now())) return;
  socket_.disconnect(address_);
  socket_.connect(address_);
}

void wait(std::span<Socket* const> sockets, std::chrono::milliseconds timeout,
          const EventFd* wake_up) {
  std::vector<zmq::pollitem_t> items;
  if (wake_up != nullptr) items.push_back({nullptr, wake_up->fd(), ZMQ_POLLIN, 0});
  for (Socket* socket : sockets) {
    items.push_back({socket->socket_.handle(), 0, ZMQ_POLLIN, 0});
    items.push_back(socket->monitor_->poll_item());
  }
  try {
    zmq::poll(items, timeout);
  } catch (const zmq::error_t& error) {
    if (error.num() != EINTR) throw;
  }
  if (wake_up != nullptr) wake_up->clear();
  for (Socket* socket : sockets) socket->update_connection();
}

}  // namespace millrace::queue
