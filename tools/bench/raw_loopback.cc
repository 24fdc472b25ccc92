// One thread that sends, and one that receives.
#include "tools/bench/raw_loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <future>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "tools/bench/bench_waits.h"

namespace millrace::tools {
namespace {

using proto::Descriptor;

std::size_t checked(ssize_t result) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), "raw loopback");
  return static_cast<std::size_t>(result);
}

/// The bytes of a send() or recv(). Throws where none moved: the loops around them would not end.
std::size_t moved(ssize_t result) {
  if (result == 0) throw std::runtime_error("raw loopback: the connection ended too early");
  return checked(result);
}

Descriptor descriptor(int fd) {
  checked(fd);
  return Descriptor(fd);
}

std::pair<Descriptor, Descriptor> unix_pair() {
  int ends[2];
  checked(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

std::pair<Descriptor, Descriptor> tcp_pair() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof address;
  const Descriptor listener = descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  checked(::bind(listener.get(), any, length));
  checked(::listen(listener.get(), 1));
  checked(::getsockname(listener.get(), any, &length));
  Descriptor sender = descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  checked(::connect(sender.get(), any, length));
  return {std::move(sender), descriptor(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC))};
}

}  // namespace

RawLoopback::RawLoopback(SocketKind kind, std::size_t block_bytes)
    : from_(block_bytes, std::byte{1}), to_(block_bytes) {
  std::tie(sender_, receiver_) = kind == SocketKind::kTcp ? tcp_pair() : unix_pair();
}

double RawLoopback::bytes_per_s(std::uint64_t bytes) {
  const auto start = Clock::now();
  std::future<void> sending = std::async(std::launch::async, [this, bytes] { send_all(bytes); });
  receive_all(bytes);
  sending.get();
  return static_cast<double>(bytes) / seconds_since(start);
}

void RawLoopback::send_all(std::uint64_t bytes) const try {
  while (bytes > 0) {
    const std::size_t most = std::min<std::uint64_t>(bytes, from_.size());
    bytes -= moved(::send(sender_.get(), from_.data(), most, MSG_NOSIGNAL));
  }
} catch (...) {
  ::shutdown(sender_.get(), SHUT_WR);  // so that recv() does not wait for the rest
  throw;
}

void RawLoopback::receive_all(std::uint64_t bytes) {
  while (bytes > 0) {
    const std::size_t most = std::min<std::uint64_t>(bytes, to_.size());
    bytes -= moved(::recv(receiver_.get(), to_.data(), most, 0));
  }
}

}  // namespace millrace::tools
