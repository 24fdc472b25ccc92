// Who is at the other end of a router's connection, as the system knows it.
#pragma once

#include <optional>
#include <string>

#include "proto/descriptor.h"

namespace millrace::queue {

/// The address by which connections to a listener are counted: the host, of an IPv6 address its
/// network of 64 bits, which one host may have to itself; "user UID" over ipc; empty where the peer
/// has gone. No value: the descriptor is not, or not any more, a connection to `listener`, which is
/// an address as ZeroMQ writes it (ZMQ_LAST_ENDPOINT).
[[nodiscard]] std::optional<std::string> peer_address(int fd, const std::string& listener);

/// Ends connections whose descriptor belongs to others, who may close it at any moment.
class ConnectionEnder {
 public:
  /// Throws std::system_error without a descriptor to spare.
  ConnectionEnder();
  /// Shuts down a connection to `listener`; whoever has the descriptor sees its end and closes it.
  /// False: the descriptor is no such connection any more, and nothing was done.
  [[nodiscard]] bool end(int fd, const std::string& listener) const;

 private:
  proto::Descriptor nothing_;  ///< /dev/null
  proto::Descriptor held_;     ///< the connection while it is looked at and ended, else /dev/null
};

}  // namespace millrace::queue
