// Finds a port of 127.0.0.1 that is free at the moment, for programs that start servers.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <stdexcept>

#include "proto/descriptor.h"

namespace millrace::tools {

/// Throws std::runtime_error if there is none.
[[nodiscard]] inline std::uint16_t free_port() {
  const proto::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const place = reinterpret_cast<sockaddr*>(&address);
  if (!socket.is_open() || ::bind(socket.get(), place, length) != 0 ||
      ::getsockname(socket.get(), place, &length) != 0) {
    throw std::runtime_error("no free port on 127.0.0.1; give an address by --queue.uri");
  }
  return ntohs(address.sin_port);
}

}  // namespace millrace::tools
