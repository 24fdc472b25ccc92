// Answers ZeroMQ's question whether the holder of a public key may connect (RFC 27, "ZAP"), on a
// thread of its own.
//
// ZeroMQ admits everybody where nobody listens to that question. So the handler's socket is bound
// before the router that it guards and closed after it, and stays open should the thread ever fail:
// then nobody is admitted.
#pragma once

#include <zmq.hpp>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "queue/zmq/event_fd.h"

namespace millrace::queue {

/// The domain of a router that the list guards.
inline constexpr const char* kZapDomain = "millrace";

class AllowList {
 public:
  /// `keys`: the public keys that are admitted. One list per context; throws zmq::error_t for a
  /// second.
  AllowList(zmq::context_t& context, std::set<std::string> keys);
  ~AllowList();
  AllowList(const AllowList&) = delete;
  AllowList& operator=(const AllowList&) = delete;

 private:
  void run();
  void answer_all();
  void answer(const std::vector<zmq::message_t>& request);
  [[nodiscard]] bool admits(const std::vector<zmq::message_t>& request);
  void report(const std::string& key);

  std::set<std::string> keys_;
  /// Fingerprints of keys that were turned away and named in the log.
  std::set<std::string> reported_;
  std::atomic<bool> stopping_{false};
  EventFd bell_;
  zmq::socket_t questions_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace millrace::queue
