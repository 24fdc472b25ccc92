// ZeroMQ, wrapped thinly: a socket that carries our frames without copying them, and a bell that wakes its thread.
// The only header of this folder that sees zmq.hpp; included by the two ends and nobody else.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <zmq.hpp>

#include "proto/messages.h"

namespace millrace::queue {

/// A frame may hold a column of one leased range; nothing larger is received.
inline constexpr std::int64_t kMaxFrameBytes = std::int64_t{80} << 20;

/// A message from or to one peer; the id is empty where the socket has only one.
struct Envelope {
  std::string peer;
  proto::Frames frames;
};

/// Wakes a thread that waits in Socket::wait.
class Bell {
 public:
  Bell();
  ~Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;
  void ring() const;
  void silence() const;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

/// One socket, used by one thread.
class Socket {
 public:
  /// A ROUTER bound to `address`. Throws std::runtime_error with the address and what to do (a port in use).
  [[nodiscard]] static Socket bind_router(const std::string& address);
  /// A DEALER that connects, now and again after every loss, to `address`.
  [[nodiscard]] static Socket connect_dealer(const std::string& address);

  /// Until a message is there, the bell rings or the time is over.
  void wait(const Bell& bell, std::chrono::milliseconds timeout);
  /// A message that is there; empty: none. Of one with more frames than any of ours only as many are kept as tell that.
  [[nodiscard]] std::optional<Envelope> receive();
  /// False: the peer cannot be reached (or takes nothing) now.
  [[nodiscard]] bool send(const Envelope& envelope);

 private:
  Socket(zmq::socket_type type, bool routed);

  zmq::context_t context_;
  zmq::socket_t socket_;
  bool routed_;
};

}  // namespace millrace::queue
