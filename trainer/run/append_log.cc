// Truncating and appending (append_log.h).
#include "trainer/run/append_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include "proto/files.h"

namespace millrace::trainer {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const char* what) {
  throw std::runtime_error(path.string() + ": " + what + ": " + std::strerror(errno));
}

int open_or_fail(const std::filesystem::path& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) fail(path, "cannot open");
  return fd;
}

std::string lines_up_to(std::string_view content, std::uint64_t step, const StepOf& step_of) {
  std::string kept;
  for (std::size_t end = content.find('\n'); end != std::string_view::npos;
       end = content.find('\n')) {
    const auto of_line = step_of(content.substr(0, end));
    if (of_line && *of_line <= step) kept += content.substr(0, end + 1);
    content.remove_prefix(end + 1);
  }
  return kept;
}

}  // namespace

void truncate_after(const std::filesystem::path& path, std::uint64_t step, const StepOf& step_of) {
  const int fd = open_or_fail(path, O_RDWR);
  // Closes the file at the end, which also unlocks it.
  const auto closed = std::shared_ptr<void>(nullptr, [fd](void*) { ::close(fd); });
  if (::flock(fd, LOCK_EX) != 0) fail(path, "cannot lock");
  const std::string content = proto::read_file(path);
  const std::string kept = lines_up_to(content, step, step_of);
  const auto same =
      static_cast<std::size_t>(std::ranges::mismatch(kept, content).in1 - kept.begin());
  const auto rest = static_cast<ssize_t>(kept.size() - same);
  if (::pwrite(fd, kept.data() + same, kept.size() - same, static_cast<off_t>(same)) != rest) {
    fail(path, "cannot write");
  }
  if (::ftruncate(fd, static_cast<off_t>(kept.size())) != 0) {
    fail(path, "cannot cut back");
  }
}

AppendLog::AppendLog(std::filesystem::path path)
    : path_(std::move(path)), fd_(open_or_fail(path_, O_WRONLY | O_APPEND)) {}

AppendLog::~AppendLog() { ::close(fd_); }

void AppendLog::append(std::string_view lines) {
  const ssize_t written = ::write(fd_, lines.data(), lines.size());
  // A short write: only a part fitted on the disk.
  if (written >= 0 && written < static_cast<ssize_t>(lines.size())) errno = ENOSPC;
  if (written != static_cast<ssize_t>(lines.size())) fail(path_, "cannot append");
}

void AppendLog::sync() {
  if (::fdatasync(fd_) != 0) fail(path_, "cannot make it durable");
}

}  // namespace millrace::trainer
