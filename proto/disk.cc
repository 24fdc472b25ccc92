// The disk of this machine, by POSIX calls.
#include "proto/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <mutex>
#include <utility>

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

bool is_link(int folder, const char* name) {
  struct stat status {};
  return ::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
}

/// openat(2), where O_NOFOLLOW fails with ELOOP at every link, also with O_DIRECTORY.
Descriptor open_in(int folder, const char* name, int flags) {
  Descriptor file(::openat(folder, name, flags | O_CLOEXEC, 0666));
  if (!file.is_open() && errno == ENOTDIR && (flags & O_NOFOLLOW) != 0 && is_link(folder, name)) {
    errno = ELOOP;
  }
  return file;
}

/// A path as calls take it: a name in an open folder.
struct Place {
  Descriptor held{};  ///< the folder; closed: `name` is the whole path
  std::string name{};
  bool follows = true;  ///< whether a link of that name is followed

  [[nodiscard]] int folder() const { return held.is_open() ? held.get() : AT_FDCWD; }
};

/// The place of `rest` below `root`, through no link; empty, with errno, where there is none.
std::optional<Place> place_below(const std::string& root, const Path& rest) {
  Place place{Descriptor(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
              rest.filename().string(), false};
  for (const Path& part : rest) {
    if (part == "..") {
      errno = EINVAL;
      return std::nullopt;
    }
  }
  for (const Path& part : rest.parent_path()) {
    if (!place.held.is_open()) return std::nullopt;
    place.held = open_in(place.held.get(), part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW);
  }
  return place.held.is_open() ? std::optional(std::move(place)) : std::nullopt;
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

class RealDisk final : public Disk {
 public:
  void refuse_links_below(const Path& folder) override {
    std::string root = folder.string();
    while (root.ends_with('/')) root.pop_back();
    root += '/';
    const std::lock_guard lock(mutex_);
    if (std::ranges::find(guarded_, root) == guarded_.end()) guarded_.push_back(root);
  }

  std::optional<SharedBytes> read(const Path& path, std::size_t at_most) override {
    // O_NONBLOCK: do not wait if the name is a pipe's.
    const Descriptor file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!file.is_open() && is_missing(errno)) return std::nullopt;
    if (!file.is_open()) fail(path, "cannot read");
    const std::size_t length = std::min(
        static_cast<std::size_t>(status_of_file(file, path, "cannot read").st_size), at_most);
    const std::shared_ptr<std::byte> memory = aligned_memory(length);
    return SharedBytes{memory, {memory.get(), read_all(file.get(), {memory.get(), length}, path)}};
  }

  void write_new(const Path& path, std::span<const std::string_view> pieces) override {
    write_to(open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW), path, pieces);
  }

  void write(const Path& path, std::span<const std::string_view> pieces) override {
    Descriptor file = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (!file.is_open()) fail(path, "cannot write");
    (void)status_of_file(file, path, "cannot write");
    // Over what is there, and cut then: on a full disk the old content's room stays the file's.
    off_t size = 0;
    for (const std::string_view piece : pieces) {
      write_all(file.get(), piece, path);
      size += static_cast<off_t>(piece.size());
    }
    if (::ftruncate(file.get(), size) != 0 || !file.close()) fail(path, "cannot write");
  }

  bool create(const Path& path) override {
    const Descriptor file = open(path, O_WRONLY | O_CREAT | O_EXCL);
    if (!file.is_open() && errno != EEXIST) fail(path, "cannot make");
    return file.is_open();
  }

  bool make_folder(const Path& path) override {
    if (at(path, [](int in, const char* name) { return ::mkdirat(in, name, 0777); })) return true;
    if (errno != EEXIST) fail(path, "cannot make the folder");
    return false;
  }

  bool link(const Path& target, const Path& path) override {
    const auto link = [&](int in, const char* name) {
      return ::symlinkat(target.c_str(), in, name);
    };
    if (at(path, link)) return true;
    if (errno != EPERM && errno != ENOSYS && errno != EOPNOTSUPP) fail(path, "cannot link");
    return false;
  }

  std::optional<Path> link_target(const Path& path) override {
    std::string target(PATH_MAX, '\0');
    ssize_t length = -1;
    const auto read = [&](int in, const char* name) {
      length = ::readlinkat(in, name, target.data(), target.size());
      return length < 0 ? -1 : 0;
    };
    if (!at(path, read)) return std::nullopt;
    target.resize(static_cast<std::size_t>(length));
    return target;
  }

  void rename(const Path& from, const Path& to) override {
    if (!rename_with(from, to, 0)) fail(to, "cannot replace");
  }

  bool exchange(const Path& a, const Path& b) override {
    if (rename_with(a, b, RENAME_EXCHANGE)) return true;
    if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) fail(b, "cannot replace");
    return false;
  }

  bool remove(const Path& path) override {
    const auto unlink = [&](int flags) {
      return at(path, [&](int in, const char* name) { return ::unlinkat(in, name, flags); });
    };
    if (unlink(0) || is_missing(errno)) return true;
    if (errno != EISDIR) fail(path, "cannot remove");
    if (unlink(AT_REMOVEDIR) || errno == ENOENT) return true;
    if (errno != ENOTEMPTY && errno != EEXIST) fail(path, "cannot remove");
    return false;
  }

  std::vector<std::string> list(const Path& folder) override {
    Descriptor file = open(folder, O_RDONLY | O_DIRECTORY);
    if (!file.is_open() && is_missing(errno)) return {};
    const std::unique_ptr<DIR, CloseFolder> entries(file.is_open() ? ::fdopendir(file.get())
                                                                   : nullptr);
    if (!entries) fail(folder, "cannot list");
    (void)file.release();  // it is the entries' now
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(entries.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) fail(folder, "cannot list");
    std::ranges::sort(names);
    return names;
  }

  std::optional<DiskEntry> stat(const Path& path) override {
    struct stat status {};
    if (!look(path, status)) {
      if (!is_missing(errno)) fail(path, "cannot look at it");
      return std::nullopt;
    }
    const std::int64_t written_ns =
        std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
    return DiskEntry{S_ISDIR(status.st_mode), static_cast<std::uint64_t>(status.st_size),
                     written_ns};
  }

  void sync(const Path& path) override {
    const Descriptor file = open(path, O_RDONLY);
    // EINVAL: this file system has no sync for this kind of file (some have none for folders).
    if (!file.is_open() || (::fsync(file.get()) != 0 && errno != EINVAL)) {
      fail(path, "cannot make it durable");
    }
  }

  std::shared_ptr<const void> lock(const Path& path) override {
    for (;;) {
      auto file = std::make_shared<Descriptor>(open(path, O_RDWR | O_CREAT | O_NOFOLLOW));
      if (!file->is_open()) fail(path, "cannot lock");
      if (::flock(file->get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return nullptr;
        if (!means_no_locks(errno)) fail(path, "cannot lock");
        return file;
      }
      if (is_still(*file, path)) return file;
    }
  }

 private:
  /// Empty, with errno, where a folder on the way is missing, or a link that is refused.
  std::optional<Place> place(const Path& path) const {
    {
      const std::lock_guard lock(mutex_);
      for (const std::string& root : guarded_) {
        const std::string& whole = path.native();
        if (whole.size() > root.size() && whole.starts_with(root)) {
          return place_below(root, Path(whole.substr(root.size())).relative_path());
        }
      }
    }
    return Place{.name = path.string()};
  }

  /// Closed, with errno, where it fails.
  Descriptor open(const Path& path, int flags) const {
    const std::optional<Place> found = place(path);
    if (!found) return Descriptor();
    return open_in(found->folder(), found->name.c_str(), flags | (found->follows ? 0 : O_NOFOLLOW));
  }

  /// Whether a call that takes a folder and a name in it returns 0.
  template <class Call>
  bool at(const Path& path, Call call) const {
    const std::optional<Place> found = place(path);
    return found && call(found->folder(), found->name.c_str()) == 0;
  }

  bool rename_with(const Path& from, const Path& to, unsigned flags) const {
    const std::optional<Place> source = place(from);
    return source && at(to, [&](int in, const char* name) {
             return flags == 0
                        ? ::renameat(source->folder(), source->name.c_str(), in, name)
                        : ::renameat2(source->folder(), source->name.c_str(), in, name, flags);
           });
  }

  bool look(const Path& path, struct stat& status) const {
    const std::optional<Place> found = place(path);
    return found && ::fstatat(found->folder(), found->name.c_str(), &status,
                              found->follows ? 0 : AT_SYMLINK_NOFOLLOW) == 0;
  }

  /// Whether the path still leads to the open file: another process may have removed or replaced
  /// it.
  bool is_still(const Descriptor& file, const Path& path) const {
    struct stat open {
    }, named{};
    return ::fstat(file.get(), &open) == 0 && look(path, named) && open.st_dev == named.st_dev &&
           open.st_ino == named.st_ino;
  }

  /// Throws for what is no regular file.
  static struct stat status_of_file(const Descriptor& file, const Path& path,
                                    std::string_view what) {
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) fail(path, what);
    if (S_ISREG(status.st_mode)) return status;
    throw DiskError(path, what, S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
  }

  static void write_to(Descriptor file, const Path& path,
                       std::span<const std::string_view> pieces) {
    if (!file.is_open()) fail(path, "cannot write");
    for (const std::string_view piece : pieces) write_all(file.get(), piece, path);
    if (!file.close()) fail(path, "cannot write");
  }

  mutable std::mutex mutex_;
  std::vector<std::string> guarded_;  ///< folders below which no link is followed, each with a '/'
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
