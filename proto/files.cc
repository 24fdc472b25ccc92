#include "proto/files.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "proto/digest.h"

namespace millrace::proto {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw std::runtime_error(path.string() + ": " + what + ": " + std::strerror(errno));
}

/// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  /// Closes now, so that an error of the last write is seen.
  [[nodiscard]] bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

void write_all(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      fail(path, "cannot write");
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) fail(path, "cannot read");
  std::string content;
  char block[1 << 16];
  for (;;) {
    const ssize_t got = ::read(file.get(), block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, "cannot read");
    if (got == 0) return content;
    content.append(block, static_cast<std::size_t>(got));
  }
}

std::filesystem::path temporary_name(const std::filesystem::path& path) {
  static std::atomic<std::uint64_t> serial{0};
  const std::string id = std::to_string(::getpid()) + '-' + std::to_string(serial++);
  return path.parent_path() / ('.' + path.filename().string() + '.' + id + ".tmp");
}

void replace_file(const std::filesystem::path& path, std::span<const std::string_view> pieces) {
  const std::filesystem::path temporary = temporary_name(path);
  try {
    Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (file.get() < 0) fail(path, "cannot write");
    for (const std::string_view piece : pieces) write_all(file.get(), piece, path);
    if (!file.close()) fail(path, "cannot write");
    if (::rename(temporary.c_str(), path.c_str()) != 0) fail(path, "cannot replace");
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

void replace_file(const std::filesystem::path& path, std::string_view content) { replace_file(path, std::span(&content, 1)); }

void sync(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) fail(path, "cannot open to make it durable");
  if (::fsync(file.get()) != 0) fail(path, "cannot make it durable");
}

std::string random_id() {
  std::uint64_t value = 0;
  if (::getrandom(&value, sizeof value, 0) != sizeof value) throw std::runtime_error("no random bytes from the system");
  return hex16(value);
}

}  // namespace millrace::proto
