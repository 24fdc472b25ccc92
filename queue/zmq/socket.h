// ZeroMQ, wrapped thinly: sockets that carry our frames without copying them, and a way to wait on
// several at once. The only header of this folder that sees zmq.hpp; included by the two ends and
// nobody else.
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
#include "queue/zmq/allow_list.h"
#include "queue/zmq/event_fd.h"
#include "queue/zmq/socket_monitor.h"

namespace millrace::queue {

/// A frame may hold a column of one leased range; nothing larger is received.
inline constexpr std::int64_t kMaxFrameBytes = std::int64_t{80} << 20;

/// A message from or to one peer; the id is empty where the socket has only one.
struct Envelope {
  std::string peer;
  proto::Frames frames;
};

/// 16 random bytes, the first not 0 (ZeroMQ keeps those for itself). An end draws one and gives it
/// to all its dealers, so that a router which sees the same id again sees a reconnect of this very
/// end.
[[nodiscard]] std::string random_routing_id();

/// What the sockets of one end share: ZeroMQ's own thread, and the list of keys that its routers
/// admit. Outlives them.
class Context {
 public:
  Context() : context_(1) {}

 private:
  friend class Socket;
  /// Before a router with keys is bound: from the first one's list on.
  void guard(const Security& security);

  zmq::context_t context_;
  std::unique_ptr<AllowList> allow_list_;
};

/// One socket, used by one thread.
class Socket {
 public:
  /// A ROUTER bound to `address`; the port of a tcp address may be * (any that is free). With a key
  /// pair it admits the allow-list alone. Throws std::runtime_error with the address and what to do
  /// (a port in use).
  [[nodiscard]] static Socket bind_router(Context& context, const std::string& address,
                                          const Security& security);
  /// A DEALER that connects, now and again after every loss, to `address`. With a key pair it talks
  /// to the holder of the server's key alone. Throws std::runtime_error for an address that is
  /// none.
  [[nodiscard]] static Socket connect_dealer(Context& context, const std::string& address,
                                             const Security& security,
                                             const std::string& routing_id);

  /// Where a router is bound, with the port it got: "tcp://127.0.0.1:40123".
  [[nodiscard]] std::string bound_address() const;
  /// A message that is there; empty: none. Of one with more frames than any of ours only as many
  /// are kept as tell that.
  [[nodiscard]] std::optional<Envelope> receive();
  /// False: the peer cannot be reached (or takes nothing) now. Never waits.
  [[nodiscard]] bool send(const Envelope& envelope);

  /// As of the last wait().
  [[nodiscard]] const SocketCounters& counters() const { return monitor_->counters(); }
  /// A dealer: why there is no connection, as a sentence a person can act on; empty where nothing
  /// went wrong. As of the last wait().
  [[nodiscard]] const std::string& trouble() const { return monitor_->trouble(); }

 private:
  friend void wait(std::span<Socket* const> sockets, std::chrono::milliseconds timeout,
                   const EventFd* bell);

  Socket(Context& context, const std::string& address, zmq::socket_type type);

  void look_after();

  std::string address_;
  bool routed_;
  zmq::socket_t socket_;
  std::unique_ptr<SocketMonitor> monitor_;
};

/// Until one of the sockets has a message (or news of its connections), the bell rings, if there is
/// one, or the time is over. Silences the bell, and connects dealers anew that ZeroMQ gave up.
void wait(std::span<Socket* const> sockets, std::chrono::milliseconds timeout,
          const EventFd* bell = nullptr);

}  // namespace millrace::queue
