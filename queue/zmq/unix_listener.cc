// Looks at what lies at a path before it listens there (unix_listener.h).
#include "queue/zmq/unix_listener.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "proto/descriptor.h"

namespace millrace::queue {
namespace {

namespace fs = std::filesystem;
using proto::Descriptor;

constexpr int kBacklog = 100;
constexpr int kLockTries = 100;
constexpr std::chrono::milliseconds kLockPause{10};

[[noreturn]] void fail(int reason) { throw std::system_error(reason, std::generic_category()); }

int make_socket() {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) fail(errno);
  return fd;
}

sockaddr_un address_of(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& text = path.native();
  if (text.size() >= sizeof address.sun_path) fail(ENAMETOOLONG);
  std::ranges::copy(text, address.sun_path);
  return address;
}

template <class Call>
int with(const sockaddr_un& address, int fd, Call call) {
  return call(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

/// What lies at the path itself: a link is not followed. Empty: nothing.
std::optional<struct stat> status_of(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) return status;
  if (errno == ENOENT) return std::nullopt;
  fail(errno);
}

/// Only a socket whose process is gone refuses a connection.
bool is_left_behind(const sockaddr_un& address) {
  const Descriptor probe(make_socket());
  return with(address, probe.get(), ::connect) != 0 && errno == ECONNREFUSED;
}

/// While it lives, no other process of ours looks at the folder's sockets: two that start at once
/// must not both find the same one left behind.
Descriptor lock_folder(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  // Without the lock it works as well, but for that; nobody holds it longer than to look.
  for (int i = 0; fd >= 0 && i < kLockTries && ::flock(fd, LOCK_EX | LOCK_NB) != 0; ++i) {
    if (errno != EWOULDBLOCK && errno != EINTR) break;
    std::this_thread::sleep_for(kLockPause);
  }
  return Descriptor(fd);
}

}  // namespace

UnixListener::UnixListener(fs::path path) : path_(std::move(path)) {
  const sockaddr_un address = address_of(path_);
  const Descriptor lock = lock_folder(path_);
  if (const auto there = status_of(path_)) {
    if (!S_ISSOCK(there->st_mode)) fail(EEXIST);
    if (!is_left_behind(address)) fail(EADDRINUSE);
    if (::unlink(path_.c_str()) != 0) fail(errno);
  }
  Descriptor listening(make_socket());
  if (with(address, listening.get(), ::bind) != 0) fail(errno);
  if (::listen(listening.get(), kBacklog) != 0) fail(errno);
  if (const auto made = status_of(path_)) {
    device_ = made->st_dev;
    inode_ = made->st_ino;
  }
  fd_ = listening.release();
}

UnixListener::~UnixListener() {
  if (fd_ >= 0) ::close(fd_);
  struct stat status {};
  if (::lstat(path_.c_str(), &status) != 0) return;
  if (status.st_dev == device_ && status.st_ino == inode_) ::unlink(path_.c_str());
}

int UnixListener::take_fd() { return std::exchange(fd_, -1); }

}  // namespace millrace::queue
