// What the kernel moves from one thread to another through a socket of this machine, with nothing
// around it: the limit of tcp:// and ipc://.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "datasets/io/descriptor.h"
#include "queue/ends/uri.h"

namespace millrace::tools {

class RawLoopback {
 public:
  /// A pair of connected sockets: of TCP on 127.0.0.1 for kTcp, of the UNIX domain for kIpc.
  /// `block_bytes`: of a send() and, at most, of a recv(). Throws std::system_error.
  RawLoopback(queue::Scheme scheme, std::size_t block_bytes);

  /// Bytes that arrived a second, of so many.
  [[nodiscard]] double bytes_per_s(std::uint64_t bytes);

 private:
  void send_all(std::uint64_t bytes) const;
  void receive_all(std::uint64_t bytes);

  datasets::Descriptor sender_;
  datasets::Descriptor receiver_;
  std::vector<std::byte> from_;
  std::vector<std::byte> to_;
};

}  // namespace millrace::tools
