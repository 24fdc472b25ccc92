// A thin wrapper of ZeroMQ: sockets that carry our frames without copying them, and waiting on
// several of them at once. Included by the two ends only.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <zmq.hpp>

#include "proto/messages.h"
#include "queue/ends/security.h"
#include "queue/zmq/address_watch.h"
#include "queue/zmq/allow_list.h"
#include "queue/zmq/event_fd.h"
#include "queue/zmq/socket_monitor.h"
#include "queue/zmq/unix_listener.h"

namespace millrace::queue {

/// The largest frame that is received. A frame holds a column of one leased range.
inline constexpr std::int64_t kMaxFrameBytes = std::int64_t{80} << 20;

/// A message from or to one peer. `peer`: its routing id; empty for a dealer, which has one peer.
///
/// A router also says who sent a message, as far as the connection proves it. `origin`: with keys
/// the fingerprint of the peer's public key; without, its host's address, or over ipc "user UID";
/// empty where ZeroMQ does not know. `own_key`: the peer has this socket's own key pair, as the
/// ranks of a run have.
struct Envelope {
  std::string peer;
  proto::Frames frames;
  std::string origin = {};
  bool own_key = false;
  int connection = -1;  ///< for trust(); −1: unknown
};

/// 16 random bytes, the first not 0 (ZeroMQ keeps those ids for itself). An end draws one id for
/// all its dealers, so that a router which sees it again knows that the same end reconnected.
[[nodiscard]] std::string random_routing_id();

/// Shared by the sockets of one end: ZeroMQ's own thread, and the allow-list of the routers. To be
/// destroyed after the sockets.
class Context {
 public:
  Context() : context_(1) {}

 private:
  friend class Socket;
  /// Starts the allow-list, if there are keys, before the first router is bound; later calls change
  /// nothing.
  void guard(const Security& security);

  zmq::context_t context_;
  std::unique_ptr<AllowList> allow_list_;
};

/// One socket, used by one thread.
class Socket {
 public:
  /// A ROUTER bound to `address`; the port of a tcp address may be * (any free one). With a key
  /// pair it admits only the keys of the allow-list. Throws std::runtime_error, with the address
  /// and what to do, if it cannot be bound (a port or a path in use, a file at an ipc path that is
  /// no socket); std::invalid_argument for an address that others can reach without keys.
  [[nodiscard]] static Socket bind_router(Context& context, const std::string& address,
                                          const Security& security);
  /// A DEALER that connects to `address`, and again after every loss. With a key pair it talks only
  /// to the holder of the server's key. Throws std::runtime_error for an invalid address.
  [[nodiscard]] static Socket connect_dealer(Context& context, const std::string& address,
                                             const Security& security,
                                             const std::string& routing_id);

  /// The address at which a router is bound, with the port it got: "tcp://127.0.0.1:40123".
  [[nodiscard]] std::string bound_address() const;
  /// The next message; empty: there is none. Of a message with more frames than ours ever have,
  /// only one more than that is kept.
  [[nodiscard]] std::optional<Envelope> receive();
  /// False: the peer cannot be reached now, or its queue is full. Never waits.
  [[nodiscard]] bool send(const Envelope& envelope);

  /// The sender of a message that a router received is a producer or a rank of the run: of all
  /// others the oldest connections are ended where there are too many (ConnectionTable). Cheap, and
  /// may be said again with each message.
  void trust(const Envelope& received) { monitor_->trust(received.connection); }

  /// A dealer's as of the last wait().
  [[nodiscard]] SocketCounters counters() const { return monitor_->counters(); }
  /// A dealer's: why there is no connection, as a sentence that a person can act on; empty: nothing
  /// went wrong. As of the last wait().
  [[nodiscard]] const std::string& connection_error() const {
    const std::string& error = monitor_->connection_error();
    return error.empty() && counters().established == 0 ? watch_->reason() : error;
  }

 private:
  friend void wait(std::span<Socket* const> sockets, std::chrono::milliseconds timeout,
                   const EventFd* wake_up);

  Socket(Context& context, const std::string& address, zmq::socket_type type);

  void bind();
  /// Reads the monitor's events, and reconnects a dealer that ZeroMQ gave up.
  void update_connection();

  void name_sender(zmq::message_t& message, Envelope& envelope) const;

  std::string address_;
  bool is_router_;
  std::string own_key_;                     ///< a router's public key; empty: without keys
  std::unique_ptr<UnixListener> listener_;  ///< a router's at an ipc address
  zmq::socket_t socket_;
  std::unique_ptr<SocketMonitor> monitor_;
  std::unique_ptr<AddressWatch> watch_;  ///< used until a dealer has met somebody
};

/// Waits until a socket has a message or an event of its connections, `wake_up` is notified, or the
/// time is over. Clears `wake_up`, and reconnects dealers that ZeroMQ gave up.
void wait(std::span<Socket* const> sockets, std::chrono::milliseconds timeout,
          const EventFd* wake_up = nullptr);

}  // namespace millrace::queue
