// The allow-list of public keys: a ZeroMQ authentication handler (RFC 27, "ZAP") on a thread of its
// own, which is asked for every connection to a router with keys. The public key that it admits
// becomes the connection's User-Id, which names the sender of every message (Socket::receive).
//
// Without a handler ZeroMQ admits everybody. So the handler's socket is bound before the router
// that it guards and closed after it, and stays open if the thread ever fails: then nobody is
// admitted.
#pragma once

#include <zmq.hpp>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "queue/zmq/event_fd.h"

namespace millrace::queue {

/// The ZAP domain of routers that the list guards.
inline constexpr const char* kZapDomain = "millrace";

class AllowList {
 public:
  /// `keys`: the public keys that are admitted. Throws zmq::error_t for the second list of a
  /// context.
  AllowList(zmq::context_t& context, std::set<std::string> keys);
  ~AllowList();
  AllowList(const AllowList&) = delete;
  AllowList& operator=(const AllowList&) = delete;

 private:
  void run();
  void answer_all();
  void answer(const std::vector<zmq::message_t>& request);
  /// The key that a request asks about, if it is on the list; else empty.
  [[nodiscard]] std::string admitted_key(const std::vector<zmq::message_t>& request);
  void report(const std::string& key);

  std::set<std::string> keys_;
  std::set<std::string> reported_;  ///< fingerprints of refused keys that the log has named
  std::atomic<bool> stopping_{false};
  EventFd wake_up_;
  zmq::socket_t socket_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace millrace::queue
