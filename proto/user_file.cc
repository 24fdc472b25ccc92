// Writing beside a user's file and renaming, or in place where that is no regular file; reading with
// an eye on a stop (user_file.h).
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

/// Where a path leads through links in its last part. The last link may dangle.
fs::path through_links(const fs::path& path) {
  fs::path target = path;
  for (int links = 0; links < kMaxLinks; ++links) {
    std::error_code error;
    const fs::path next = fs::read_symlink(target, error);
    if (error) return target;  // no link, or nothing there
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

UserFile::UserFile(fs::path path) : path_(std::move(path)), target_(through_links(path_)) {
  const auto there = status_of(target_);
  if (there && S_ISDIR(there->st_mode)) fail(path_, EISDIR);
  if (there && S_ISFIFO(there->st_mode)) {
    file_ = open_pipe(target_);
  } else if (there && (!S_ISREG(there->st_mode) || there->st_nlink > 1)) {
    file_ = Descriptor(::open(target_.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY));
  } else if (there && ::access(target_.c_str(), W_OK) != 0) {
    fail(path_, errno);
  } else {
    beside_ = temporary_name(target_);
    file_ = Descriptor(::open(beside_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (there && file_.is_open()) ::fchmod(file_.get(), there->st_mode & 07777);
  }
  if (!file_.is_open()) fail(path_, errno);
}

UserFile::~UserFile() {
  if (file_.is_open() && !beside_.empty()) ::unlink(beside_.c_str());
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
  if (!beside_.empty() && ::rename(beside_.c_str(), target_.c_str()) != 0) fail(path_, errno);
  if (!file_.close()) fail(path_, errno);
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
