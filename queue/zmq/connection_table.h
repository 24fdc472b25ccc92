// The connections to a router, as a book without sockets: which of them is to be ended when there
// are too many.
//
// A connection is a stranger's until its peer has proved to be a producer or a rank of the run.
// Only strangers are ever ended, the oldest first: a peer that says what it is gets in while others
// flood, and a connection that is in use stays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace millrace::queue {

struct ConnectionLimits {
  std::size_t in_all = 8192;
  std::size_t per_address = 1024;
  std::size_t strangers_per_address = 256;
};

/// As this process has descriptors (ulimit -n): of those that are not open yet, 256 or a quarter of
/// all are kept back for files and for the connections between ranks.
[[nodiscard]] ConnectionLimits connection_limits();

class ConnectionTable {
 public:
  explicit ConnectionTable(ConnectionLimits limits) : limits_(limits) {}

  /// A stranger's connection from `address`. In place of an older one of the same descriptor.
  void add(int fd, const std::string& address);
  void remove(int fd);
  /// Its peer is a producer or a rank. False: no such connection is known.
  [[nodiscard]] bool trust(int fd);
  [[nodiscard]] bool is_trusted(int fd) const;

  /// A limit that is passed.
  enum class Limit { kStrangersPerAddress, kPerAddress, kInAll };
  struct Excess {
    int fd = -1;  ///< the stranger to end
    Limit limit{};
  };
  /// The stranger that has to go after a connection from `address` was added; empty: none has to.
  [[nodiscard]] std::optional<Excess> excess(const std::string& address) const;

  [[nodiscard]] const ConnectionLimits& limits() const { return limits_; }

 private:
  using ByAge = std::map<std::uint64_t, int>;  ///< descriptors, the oldest first
  struct Connection {
    std::string address;
    std::uint64_t number = 0;
    bool trusted = false;
  };
  struct Address {
    std::size_t connections = 0;
    ByAge strangers;
  };

  void forget_stranger(const Connection& connection);

  ConnectionLimits limits_;
  std::uint64_t accepted_ = 0;
  std::map<int, Connection> connections_;
  std::map<std::string, Address> addresses_;
  ByAge strangers_;
};

}  // namespace millrace::queue
