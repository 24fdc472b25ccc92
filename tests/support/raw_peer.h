// A peer on a tcp port that sends any bytes, and can do the handshake of ZeroMQ's protocol (ZMTP
// 3.0, without keys).
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace millrace::testing {

class RawPeer {
 public:
  /// `address`: tcp://127.0.0.1:PORT.
  explicit RawPeer(const std::string& address) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
      throw std::runtime_error("cannot connect");
    }
  }
  ~RawPeer() { ::close(fd_); }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  /// False: the other side closed the connection.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// Does the handshake of a DEALER without keys.
  void shake_hands() const {
    std::string greeting =
        "\xff" + std::string(8, '\0') + "\x7f\x03" + std::string(1, '\0') + "NULL";
    greeting.resize(64, '\0');
    const std::string ready =
        std::string("\x05READY\x0bSocket-Type") + std::string(3, '\0') + "\x06" + "DEALER";
    send(greeting + "\x04" + static_cast<char>(ready.size()) + ready);
  }

  /// The head of a frame, without its bytes.
  static std::string frame_head(std::uint64_t bytes, bool more) {
    std::string head(1, static_cast<char>(more ? 3 : 2));
    for (int shift = 56; shift >= 0; shift -= 8) head += static_cast<char>(bytes >> shift & 0xff);
    return head;
  }

  /// Reads until the other side closes; false: it did not for a long time.
  [[nodiscard]] bool is_closed_by_the_other_side() const {
    char buffer[4096];
    ssize_t got = 0;
    while ((got = ::recv(fd_, buffer, sizeof buffer, 0)) > 0) {
    }
    return got == 0 || errno == ECONNRESET;
  }

 private:
  int fd_;
};

}  // namespace millrace::testing
