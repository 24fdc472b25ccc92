// The limit of tcp:// and ipc://: the rate at which the kernel moves bytes from one thread to
// another through a socket of this machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "proto/descriptor.h"

namespace millrace::tools {

enum class SocketKind { kTcp, kUnix };

class RawLoopback {
 public:
  /// A pair of connected sockets, over TCP on 127.0.0.1 or of the UNIX domain. `block_bytes`: of a
  /// send() and, at most, of a recv(). Throws std::system_error.
  RawLoopback(SocketKind kind, std::size_t block_bytes);

  /// Bytes received per second, measured over `bytes`. Throws std::runtime_error where the
  /// connection ends before.
  [[nodiscard]] double bytes_per_s(std::uint64_t bytes);

 private:
  void send_all(std::uint64_t bytes) const;
  void receive_all(std::uint64_t bytes);

  proto::Descriptor sender_;
  proto::Descriptor receiver_;
  std::vector<std::byte> from_;
  std::vector<std::byte> to_;
};

}  // namespace millrace::tools
