// HTTP requests over a plain socket, for tests of the port: sends any bytes, and reads until the
// connection ends.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace millrace::testing {

/// A connection to a port of this machine.
class LocalConnection {
 public:
  explicit LocalConnection(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("nobody listens at port " + std::to_string(port));
    }
  }
  ~LocalConnection() { ::close(fd_); }
  LocalConnection(const LocalConnection&) = delete;
  LocalConnection& operator=(const LocalConnection&) = delete;

  /// False where the other side has closed already.
  bool send(const std::string& bytes) const {
    return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  /// Everything up to the end of the connection.
  [[nodiscard]] std::string receive_all() const {
    std::string all;
    char some[4096];
    for (ssize_t got = 0; (got = ::recv(fd_, some, sizeof some, 0)) > 0;) {
      all.append(some, static_cast<std::size_t>(got));
    }
    return all;
  }

 private:
  int fd_;
};

/// The whole answer, head and body.
inline std::string http_request(std::uint16_t port, const std::string& request) {
  const LocalConnection connection(port);
  connection.send(request);
  return connection.receive_all();
}

inline std::string http_get(std::uint16_t port, const std::string& path) {
  return http_request(port, "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

inline std::string body_of(const std::string& answer) {
  const std::size_t head_end = answer.find("\r\n\r\n");
  return head_end == std::string::npos ? "" : answer.substr(head_end + 4);
}

}  // namespace millrace::testing
