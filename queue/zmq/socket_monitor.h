// What becomes of a socket's connections, as ZeroMQ reports it: counted, and said in the log once
// per cause.
//
// ZeroMQ does not say why it ends a connection after the handshake, so a frame above the limit
// shows as one more under `closed`. It also leaves out peers that speak a version before 3 of its
// protocol: those show in `accepted` and `closed` alone.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <zmq.hpp>

namespace millrace::queue {

struct SocketCounters {
  std::uint64_t accepted = 0;     ///< connections that others made to this socket
  std::uint64_t established = 0;  ///< handshakes completed
  std::uint64_t closed = 0;       ///< connections that ended, at whatever point
  std::uint64_t unfinished = 0;   ///< handshakes that the peer broke off or let run out of time
  std::uint64_t malformed = 0;    ///< peers that do not speak ZeroMQ's protocol
  std::uint64_t other_kind = 0;   ///< one side has keys and the other none
  std::uint64_t wrong_key = 0;    ///< the two sides do not mean the same server key
  std::uint64_t not_allowed = 0;  ///< keys that are not on the allow-list
};

/// Belongs to one socket and is used by its thread; lives no longer than the socket.
class SocketMonitor {
 public:
  enum class Side { kRouter, kDealer };

  /// Before the socket binds or connects to `address`.
  SocketMonitor(zmq::context_t& context, zmq::socket_t& watched, std::string address, Side side);
  ~SocketMonitor();
  SocketMonitor(const SocketMonitor&) = delete;
  SocketMonitor& operator=(const SocketMonitor&) = delete;

  /// For polling: readable when there is something to take in.
  [[nodiscard]] void* handle() { return events_.handle(); }
  /// A bounded number of them, so that strangers who come and go quickly cannot keep the thread
  /// here.
  void take_in();

  [[nodiscard]] const SocketCounters& counters() const { return counters_; }
  /// Why the last attempt to connect failed, as a sentence; empty once a handshake was completed.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }
  /// Whether a dealer lost its connection and ZeroMQ will not try again by itself, as it does not
  /// after an error in the protocol.
  [[nodiscard]] bool gave_up(std::chrono::steady_clock::time_point now) const;

 private:
  struct Trouble;
  [[nodiscard]] static const Trouble* trouble_of(std::uint16_t event, std::uint32_t value);
  void note(std::uint16_t event, std::uint32_t value);
  void note_trouble(const Trouble& trouble);

  void* watched_;
  std::string address_;
  Side side_;
  zmq::socket_t events_;
  SocketCounters counters_;
  std::string trouble_;
  std::set<std::string_view> reported_;
  std::optional<std::chrono::steady_clock::time_point> lost_;
};

}  // namespace millrace::queue
