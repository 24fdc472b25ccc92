// The events of a socket's connections, as ZeroMQ reports them: counted, and logged once per cause.
//
// ZeroMQ does not say why it ends a connection after the handshake, so a frame above the limit only
// counts as `closed`. It reports no handshake of peers that speak a version of its protocol before
// 3: they count as `accepted` and `closed` only.
//
// A router's monitor also keeps the number of connections within limits (connection_table.h), on a
// thread of its own: a flood must find somebody at the door while the trainer is at a long step.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <zmq.hpp>

#include "queue/zmq/connection_table.h"
#include "queue/zmq/event_fd.h"
#include "queue/zmq/peer_address.h"

namespace millrace::queue {

struct SocketCounters {
  std::uint64_t accepted = 0;     ///< connections that others made to this socket
  std::uint64_t established = 0;  ///< handshakes completed
  std::uint64_t closed = 0;       ///< connections that ended, at whatever point
  std::uint64_t unfinished = 0;   ///< handshakes that the peer broke off or let run out of time
  std::uint64_t malformed = 0;    ///< peers that do not speak ZeroMQ's protocol
  std::uint64_t other_kind = 0;   ///< one side has keys and the other none
  std::uint64_t wrong_key = 0;    ///< the peer expects another server key
  std::uint64_t not_allowed = 0;  ///< keys that are not on the allow-list
  std::uint64_t over_limit = 0;   ///< connections that were ended because there were too many
  std::uint64_t lost = 0;         ///< connections of trusted peers that ended
};

/// Of one socket, and used by its thread; destroyed before the socket.
class SocketMonitor {
 public:
  enum class Side { kRouter, kDealer };

  /// To be made before the socket binds or connects to `address`.
  SocketMonitor(zmq::context_t& context, zmq::socket_t& socket, std::string address, Side side);
  ~SocketMonitor();
  SocketMonitor(const SocketMonitor&) = delete;
  SocketMonitor& operator=(const SocketMonitor&) = delete;

  /// Of a router that listens at `bound_address` (ZMQ_LAST_ENDPOINT), once: events are handled by
  /// a thread from now on.
  void guard(const std::string& bound_address, const ConnectionLimits& limits);
  /// The peer of a guarded router's connection is a producer or a rank: it is never ended.
  void trust(int connection);

  /// For polling: readable when there are events; of a guarded router, when `lost` has grown.
  [[nodiscard]] zmq::pollitem_t poll_item();
  /// Handles the events that are there; a bounded number, so that strangers who connect and leave
  /// quickly cannot keep the thread here.
  void read_events();

  [[nodiscard]] SocketCounters counters() const;
  /// Why the last attempt to connect failed, as a sentence; empty once a handshake was completed.
  [[nodiscard]] const std::string& connection_error() const { return connection_error_; }
  /// Whether a dealer lost its connection and ZeroMQ will not reconnect by itself, which happens
  /// after protocol errors.
  [[nodiscard]] bool gave_up(std::chrono::steady_clock::time_point now) const;

 private:
  struct Failure;
  /// The failure that an event means, or null.
  [[nodiscard]] static const Failure* failure_of(std::uint16_t event, std::uint32_t value);
  void on_event(std::uint16_t event, std::uint32_t value);
  void on_accepted(int connection);
  void on_closed(int connection);
  void on_failure(const Failure& failure);
  void on_lost();
  void report_excess(ConnectionTable::Limit limit, const std::string& from);
  void handle_events();
  void run();

  void* socket_;
  std::string address_;
  Side side_;
  zmq::socket_t events_;
  std::string connection_error_;
  std::set<std::string_view> reported_;
  std::set<ConnectionTable::Limit> reported_limits_;
  std::optional<std::chrono::steady_clock::time_point> lost_;  ///< when the connection ended
  mutable std::mutex mutex_;  ///< of counters_ and of the guard's connections
  SocketCounters counters_;

  struct Guard {
    std::string listener;
    ConnectionTable connections;
    std::set<int> early{};  ///< connections that were trusted before they were reported
    ConnectionEnder ender{};
    std::atomic<bool> stopping{false};
    EventFd stop{};
    EventFd lost{};
    std::thread thread{};
  };
  std::unique_ptr<Guard> guard_;  ///< of a guarded router
};

}  // namespace millrace::queue
