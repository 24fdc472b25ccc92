// A small HTTP server for a few pages: GET and HEAD only, on a thread of its own, with limits on
// connections, bytes and time.
//
// One request per connection. At most kMaxConnections are open; one more ends the oldest. A request
// that is larger than kMaxRequestBytes, or takes longer than kMaxRequestTime with its answer, ends
// its connection. Every request makes its page anew, on the port's thread.
//
// A request is answered only where its Host is one of this machine (is_own_host()). A page of
// another site that a browser shows can so not read the port by giving its own name this machine's
// address (DNS rebinding); and no answer allows other origins (CORS).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "telemetry/address.h"

namespace millrace::telemetry {

inline constexpr std::size_t kMaxConnections = 32;
inline constexpr std::uint32_t kMaxRequestBytes = 8 << 10;
inline constexpr std::chrono::seconds kMaxRequestTime{2};

struct Page {
  int status = 200;
  std::string content_type;
  std::string body;
};

/// Pages by path, e.g. "/metrics". Called on the port's thread.
using Pages = std::map<std::string, std::function<Page()>, std::less<>>;

class HttpPort {
 public:
  /// Listens at once. Throws std::runtime_error, naming the address and what to do, if it cannot (a
  /// port in use).
  HttpPort(const Address& address, Pages pages);
  /// Closes open connections.
  ~HttpPort();
  HttpPort(const HttpPort&) = delete;
  HttpPort& operator=(const HttpPort&) = delete;

  /// The address at which it listens; never port 0.
  [[nodiscard]] const Address& address() const;

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

}  // namespace millrace::telemetry
