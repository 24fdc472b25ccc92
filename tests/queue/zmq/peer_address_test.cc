// The other end of a connection: who it is, and ending it while its descriptor is another's.
#include "queue/zmq/peer_address.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/temporary_folder.h"

namespace millrace::queue {
namespace {

using proto::Descriptor;

/// A listener of this process and one connection to it.
struct Link {
  template <class Address>
  explicit Link(Address address) : listener(::socket(of(address)->sa_family, SOCK_STREAM, 0)) {
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener.get(), of(address), size), 0);
    EXPECT_EQ(::listen(listener.get(), 8), 0);
    EXPECT_EQ(::getsockname(listener.get(), of(address), &size), 0);
    if constexpr (std::is_same_v<Address, sockaddr_in>) port = ntohs(address.sin_port);
    far = Descriptor(::socket(of(address)->sa_family, SOCK_STREAM, 0));
    EXPECT_EQ(::connect(far.get(), of(address), size), 0);
    near = Descriptor(::accept(listener.get(), nullptr, nullptr));
  }
  template <class Address>
  static sockaddr* of(Address& address) {
    return reinterpret_cast<sockaddr*>(&address);
  }
  [[nodiscard]] std::string tcp() const { return "tcp://127.0.0.1:" + std::to_string(port); }

  Descriptor listener;
  Descriptor far;
  Descriptor near;
  std::uint16_t port = 0;
};

sockaddr_in loopback() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

TEST(PeerAddress, IsTheHostOverTcp) {
  const Link link(loopback());
  EXPECT_EQ(peer_address(link.near.get(), link.tcp()), "127.0.0.1");
  EXPECT_EQ(peer_address(link.near.get(), "tcp://0.0.0.0:" + std::to_string(link.port)),
            "127.0.0.1");
}

TEST(PeerAddress, IsTheUserOverIpc) {
  const testing::TemporaryFolder folder;
  const std::string path = (folder / "race.sock").string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const Link link(address);
  EXPECT_EQ(peer_address(link.near.get(), "ipc://" + path), "user " + std::to_string(::getuid()));
  EXPECT_EQ(peer_address(link.near.get(), "ipc://" + path + "2"), std::nullopt);
  EXPECT_EQ(peer_address(link.far.get(), "ipc://" + path), std::nullopt);
}

TEST(PeerAddress, IsNoneOfOtherDescriptors) {
  const Link link(loopback());
  const Link other(loopback());
  const Descriptor file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  for (const int fd : {link.far.get(), other.near.get(), other.far.get(), file.get(), -1}) {
    EXPECT_EQ(peer_address(fd, link.tcp()), std::nullopt);
  }
}

TEST(ConnectionEnder, EndsConnectionsToItsListenerAndNoOthers) {
  const Link link(loopback());
  const Link other(loopback());
  const ConnectionEnder ender;
  EXPECT_FALSE(ender.end(other.near.get(), link.tcp()));
  EXPECT_FALSE(ender.end(-1, link.tcp()));
  EXPECT_TRUE(ender.end(link.near.get(), link.tcp()));
  char byte = 'x';
  EXPECT_EQ(::recv(link.far.get(), &byte, 1, 0), 0);
  EXPECT_EQ(::send(other.near.get(), &byte, 1, 0), 1);
  EXPECT_EQ(::recv(other.far.get(), &byte, 1, 0), 1);
}

}  // namespace
}  // namespace millrace::queue
