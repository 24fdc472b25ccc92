// The disk of this machine, by POSIX calls.
#include "proto/disk.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "proto/descriptor.h"

namespace millrace::proto {
namespace {

using Path = std::filesystem::path;

[[noreturn]] void fail(const Path& path, std::string_view what) {
  throw DiskError(path, what, errno);
}

bool is_missing(int reason) { return reason == ENOENT || reason == ENOTDIR; }

/// Reads until `to` is full or the file ends. Returns the number of bytes read.
std::size_t read_all(int fd, std::span<std::byte> to, const Path& path) {
  std::size_t at = 0;
  while (at < to.size()) {
    const ssize_t got = ::read(fd, to.data() + at, to.size() - at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, "cannot read");
    if (got == 0) break;
    at += static_cast<std::size_t>(got);
  }
  return at;
}

/// Whether the path still leads to the open file: another process may have removed or replaced it.
bool is_still(int fd, const Path& path) {
  struct stat open {
  }, named{};
  return ::fstat(fd, &open) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

class RealDisk final : public Disk {
 public:
  std::optional<SharedBytes> read(const Path& path, std::size_t at_most) override {
    // O_NONBLOCK: do not wait if the name is a pipe's.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file.is_open() && is_missing(errno)) return std::nullopt;
    struct stat status {};
    if (!file.is_open() || ::fstat(file.get(), &status) != 0) fail(path, "cannot read");
    if (!S_ISREG(status.st_mode)) {
      throw DiskError(path, "cannot read", S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
    }
    const std::size_t length = std::min(static_cast<std::size_t>(status.st_size), at_most);
    const std::shared_ptr<std::byte> memory = aligned_memory(length);
    return SharedBytes{memory, {memory.get(), read_all(file.get(), {memory.get(), length}, path)}};
  }

  void write(const Path& path, std::span<const std::string_view> pieces) override {
    Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!file.is_open()) fail(path, "cannot write");
    for (const std::string_view piece : pieces) write_all(file.get(), piece, path);
    if (!file.close()) fail(path, "cannot write");
  }

  bool create(const Path& path) override {
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!file.is_open() && errno != EEXIST) fail(path, "cannot make");
    return file.is_open();
  }

  bool make_folder(const Path& path) override {
    if (::mkdir(path.c_str(), 0777) == 0) return true;
    if (errno != EEXIST) fail(path, "cannot make the folder");
    return false;
  }

  bool link(const Path& target, const Path& path) override {
    if (::symlink(target.c_str(), path.c_str()) == 0) return true;
    if (errno != EPERM && errno != ENOSYS && errno != EOPNOTSUPP) fail(path, "cannot link");
    return false;
  }

  std::optional<Path> link_target(const Path& path) override {
    std::error_code error;
    Path target = std::filesystem::read_symlink(path, error);
    return error ? std::nullopt : std::optional(std::move(target));
  }

  void rename(const Path& from, const Path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) fail(to, "cannot replace");
  }

  bool exchange(const Path& a, const Path& b) override {
    if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0) return true;
    if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) fail(b, "cannot replace");
    return false;
  }

  bool remove(const Path& path) override {
    if (::unlink(path.c_str()) == 0 || is_missing(errno)) return true;
    if (errno != EISDIR) fail(path, "cannot remove");
    if (::rmdir(path.c_str()) == 0 || errno == ENOENT) return true;
    if (errno != ENOTEMPTY && errno != EEXIST) fail(path, "cannot remove");
    return false;
  }

  std::vector<std::string> list(const Path& folder) override {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
      names.push_back(at->path().filename().string());
    }
    if (error && !is_missing(error.value())) throw DiskError(folder, "cannot list", error.value());
    std::ranges::sort(names);
    return names;
  }

  std::optional<DiskEntry> stat(const Path& path) override {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
      if (!is_missing(errno)) fail(path, "cannot look at it");
      return std::nullopt;
    }
    const std::int64_t written_ns =
        std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
    return DiskEntry{S_ISDIR(status.st_mode), static_cast<std::uint64_t>(status.st_size),
                     written_ns};
  }

  void sync(const Path& path) override {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    // EINVAL: this file system has no sync for this kind of file (some have none for folders).
    if (!file.is_open() || (::fsync(file.get()) != 0 && errno != EINVAL)) {
      fail(path, "cannot make it durable");
    }
  }

  std::shared_ptr<const void> lock(const Path& path) override {
    for (;;) {
      auto file =
          std::make_shared<Descriptor>(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
      if (!file->is_open()) fail(path, "cannot lock");
      if (::flock(file->get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return nullptr;
        if (!means_no_locks(errno)) fail(path, "cannot lock");
        return file;
      }
      if (is_still(file->get(), path)) return file;
    }
  }
};

}  // namespace

DiskError::DiskError(const Path& path, std::string_view what, int reason)
    : std::runtime_error(path.string() + ": " + std::string(what) + ": " + std::strerror(reason)),
      reason_(reason) {}

bool DiskError::is_full() const { return reason_ == ENOSPC || reason_ == EDQUOT; }

bool means_no_locks(int reason) {
  return reason == ENOLCK || reason == ENOSYS || reason == EOPNOTSUPP;
}

Disk& real_disk() {
  static RealDisk disk;
  return disk;
}

}  // namespace millrace::proto
