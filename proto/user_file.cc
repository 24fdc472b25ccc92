// Writing beside a user's file and renaming, or in place where that is no regular file; reading
// with an eye on a stop (user_file.h).
#include "proto/user_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/text.h"
#include "proto/disk.h"
#include "proto/files.h"

namespace millrace::proto {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBufferBytes = std::size_t{64} << 10;
constexpr std::chrono::seconds kPipeReaderWithin{10};
constexpr std::chrono::milliseconds kPipeLookEvery{20};
constexpr int kMaxLinks = 40;  // as Linux follows (path_resolution(7))

[[noreturn]] void fail(const fs::path& path, int reason) {
  throw DiskError(path, "cannot write", reason);
}

/// Where a path leads through links in its last part.
struct Destination {
  std::optional<int> descriptor{};  ///< of this process, as /dev/stdout and /dev/fd/3 name them
  fs::path path{};                  ///< else; the last link may dangle
};

Destination destination(const fs::path& path) {
  std::error_code error;
  const fs::path own_descriptors = fs::canonical("/proc/self/fd", error);
  fs::path target = path;
  for (int links = 0; links < kMaxLinks; ++links) {
    const fs::path folder = fs::canonical(target.parent_path(), error);
    if (!folder.empty() && folder == own_descriptors) {
      if (const auto number = base::parse_number<int>(target.filename().string())) {
        return {.descriptor = number};
      }
    }
    const fs::path next = fs::read_symlink(target, error);
    if (error) return {.path = target};  // no link, or nothing there
    target = target.parent_path() / next;
  }
  fail(path, ELOOP);
}

std::optional<struct stat> status_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return status;
  if (errno != ENOENT) fail(path, errno);
  return std::nullopt;
}

bool is_same(const struct stat& file, const std::optional<struct stat>& other) {
  return other && file.st_dev == other->st_dev && file.st_ino == other->st_ino;
}

/// What is written there goes on where the descriptor stands, and is appended where that is.
Descriptor another_of(int descriptor, const fs::path& path) {
  const int mode = ::fcntl(descriptor, F_GETFL);
  if (mode < 0) fail(path, errno);
  if ((mode & O_ACCMODE) == O_RDONLY) fail(path, EBADF);
  return Descriptor(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
}

Descriptor open_pipe(const fs::path& path) {
  const auto give_up = std::chrono::steady_clock::now() + kPipeReaderWithin;
  for (;;) {
    // O_NONBLOCK: fail instead of waiting where nobody reads. Writing then waits as usual.
    Descriptor pipe(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
    if (pipe.is_open()) {
      if (::fcntl(pipe.get(), F_SETFL, O_WRONLY) != 0) fail(path, errno);
      return pipe;
    }
    if (errno != ENXIO || std::chrono::steady_clock::now() >= give_up) fail(path, errno);
    std::this_thread::sleep_for(kPipeLookEvery);
  }
}

}  // namespace

UserFile::UserFile(fs::path path) : path_(std::move(path)) {
  const auto there = status_of(path_);
  const Destination to = destination(path_);
  target_ = to.path;
  if (there && S_ISDIR(there->st_mode)) fail(path_, EISDIR);
  if (to.descriptor) {
    file_ = another_of(*to.descriptor, path_);
  } else if (there && S_ISFIFO(there->st_mode)) {
    file_ = open_pipe(path_);
  } else if (there && (!S_ISREG(there->st_mode) || there->st_nlink != 1 ||
                       !is_same(*there, status_of(target_)))) {
    file_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY));
  } else if (there && ::access(target_.c_str(), W_OK) != 0) {
    fail(path_, errno);
  } else {
    beside_ = temporary_name(target_);
    file_ = Descriptor(::open(beside_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (there && file_.is_open()) ::fchmod(file_.get(), there->st_mode & 07777);
  }
  if (!file_.is_open()) fail(path_, errno);
}

UserFile::UserFile(UserFile&& other) noexcept
    : path_(std::move(other.path_)),
      target_(std::move(other.target_)),
      beside_(std::exchange(other.beside_, {})),
      file_(std::move(other.file_)),
      buffer_(std::move(other.buffer_)) {}

UserFile::~UserFile() {
  if (!beside_.empty()) ::unlink(beside_.c_str());
}

void UserFile::write(std::string_view bytes) {
  buffer_ += bytes;
  if (buffer_.size() >= kBufferBytes) flush();
}

void UserFile::flush() {
  write_all(file_.get(), buffer_, path_);
  buffer_.clear();
}

void UserFile::finish() {
  flush();
  if (!file_.close()) fail(path_, errno);  // NFS and quotas say only now what they did not take
  if (!beside_.empty() && ::rename(beside_.c_str(), target_.c_str()) != 0) fail(path_, errno);
  beside_.clear();
}

std::string read_user_file(const fs::path& path, const std::function<void()>& check_stop) {
  const auto fail_to_read = [&](int reason) { throw DiskError(path, "cannot read", reason); };
  // O_NONBLOCK: opening a pipe does not wait for its writer, which a stop could not end.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.is_open()) fail_to_read(errno);
  std::string content;
  std::vector<char> piece(kBufferBytes);
  for (;;) {
    check_stop();
    pollfd ready{file.get(), POLLIN, 0};
    if (::poll(&ready, 1, kPipeLookEvery.count()) <= 0) continue;
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got == 0) return content;
    if (got < 0 && errno != EAGAIN && errno != EINTR) fail_to_read(errno);
    if (got > 0) content.append(piece.data(), static_cast<std::size_t>(got));
    if (content.size() > kMostUserBytes) fail_to_read(EFBIG);
  }
}

void write_user_file(const fs::path& path, std::string_view content) {
  UserFile file(path);
  file.write(content);
  file.finish();
}

}  // namespace millrace::proto
