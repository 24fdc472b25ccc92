// The other end of a connection (peer_address.h).
#include "queue/zmq/peer_address.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <system_error>

#include "queue/zmq/host_port.h"
#include "queue/zmq/zmq_transport.h"

namespace millrace::queue {
namespace {

/// An address of a socket, as the system fills it in.
struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t size = sizeof bytes;

  /// `get`: ::getsockname or ::getpeername.
  template <class Get>
  bool read(int fd, Get get) {
    return get(fd, reinterpret_cast<sockaddr*>(&bytes), &size) == 0;
  }
  template <class As>
  [[nodiscard]] As as() const {
    As address{};
    std::memcpy(&address, &bytes, sizeof address);
    return address;
  }
};

std::string port_of(const SocketAddress& address) {
  const auto port = address.bytes.ss_family == AF_INET ? address.as<sockaddr_in>().sin_port
                                                       : address.as<sockaddr_in6>().sin6_port;
  return std::to_string(ntohs(port));
}

std::string path_of(const SocketAddress& address) {
  const auto unix_address = address.as<sockaddr_un>();
  const std::size_t size = address.size - offsetof(sockaddr_un, sun_path);
  std::string path(unix_address.sun_path, ::strnlen(unix_address.sun_path + 1, size - 1) + 1);
  if (path[0] == '\0') path[0] = '@';
  return path;
}

std::string text_of(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return ::inet_ntop(family, address, text.data(), text.size()) == nullptr ? "" : text.data();
}

std::string host_of(const SocketAddress& peer) {
  if (peer.bytes.ss_family == AF_INET) {
    return text_of(AF_INET, &reinterpret_cast<const sockaddr_in&>(peer.bytes).sin_addr);
  }
  in6_addr host = peer.as<sockaddr_in6>().sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&host)) return text_of(AF_INET, &host.s6_addr[12]);
  if (IN6_IS_ADDR_LOOPBACK(&host)) return "::1";
  std::memset(&host.s6_addr[8], 0, 8);
  return text_of(AF_INET6, &host) + "/64";
}

std::string user_of(int fd) {
  ucred user{};
  socklen_t size = sizeof user;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &size) != 0) return {};
  return "user " + std::to_string(user.uid);
}

proto::Descriptor open_nothing() {
  proto::Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!nothing.is_open()) throw std::system_error(errno, std::generic_category(), "/dev/null");
  return nothing;
}

}  // namespace

std::optional<std::string> peer_address(int fd, const std::string& listener) {
  SocketAddress own;
  if (!own.read(fd, ::getsockname)) return std::nullopt;
  if (own.bytes.ss_family == AF_UNIX) {
    if (own.size <= offsetof(sockaddr_un, sun_path)) return std::nullopt;
    if (ipc_transport().prefix() + path_of(own) != listener) return std::nullopt;
    return user_of(fd);
  }
  const bool is_ip = own.bytes.ss_family == AF_INET || own.bytes.ss_family == AF_INET6;
  if (!is_ip || port_of(own) != split_host_port(listener).port) return std::nullopt;
  SocketAddress peer;
  return peer.read(fd, ::getpeername) ? host_of(peer) : "";
}

ConnectionEnder::ConnectionEnder() : nothing_(open_nothing()), held_(open_nothing()) {}

bool ConnectionEnder::end(int fd, const std::string& listener) const {
  // A descriptor of our own: the number `fd` could become another file's at any moment.
  if (::dup3(fd, held_.get(), O_CLOEXEC) < 0) return false;
  const bool is_ours = peer_address(held_.get(), listener).has_value();
  if (is_ours) ::shutdown(held_.get(), SHUT_RDWR);
  ::dup3(nothing_.get(), held_.get(), O_CLOEXEC);
  return is_ours;
}

}  // namespace millrace::queue
