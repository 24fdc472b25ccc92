// Truncating and appending (append_log.h).
#include "trainer/run/append_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include "proto/disk.h"
#include "proto/files.h"
#include "trainer/base/log.h"

namespace millrace::trainer {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const char* what) {
  throw std::runtime_error(path.string() + ": " + what + ": " + std::strerror(errno));
}

proto::Descriptor open_or_fail(const std::filesystem::path& path, int flags) {
  proto::Descriptor file(::open(path.c_str(), flags | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666));
  if (!file.is_open()) fail(path, "cannot open");
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail(path, "cannot look at it");
  if (!S_ISREG(status.st_mode)) {
    throw std::runtime_error(path.string() +
                             ": it is no regular file, and a run that is resumed cuts its file "
                             "back; name another");
  }
  return file;
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

/// Whether a text may be the beginning of one of our lines: of metrics, or of a record.
bool may_be_cut_line(std::string_view text) {
  constexpr std::string_view kMetrics = R"({"step":)";
  return kMetrics.starts_with(text) || text.starts_with(kMetrics) ||
         (text.front() >= '0' && text.front() <= '9');
}

/// Only the first line is looked at: a crash may have cut or damaged later ones. A power cut leaves
/// zeros.
void require_log(const std::filesystem::path& path, std::string_view content,
                 const StepOf& step_of) {
  if (content.empty() || content.front() == '\0') return;
  const std::size_t end = content.find('\n');
  const bool is_log = end == std::string_view::npos ? may_be_cut_line(content)
                                                    : step_of(content.substr(0, end)).has_value();
  if (!is_log) {
    throw NotALog(path.string() + " is not of a run, and a run cuts the file to its own lines");
  }
}

}  // namespace

void require_log(const std::filesystem::path& path, const StepOf& step_of) {
  const auto content = proto::real_disk().read(path, proto::Disk::kAll);
  if (content) require_log(path, proto::text(content->bytes), step_of);
}

void truncate_after(const std::filesystem::path& path, std::uint64_t step, const StepOf& step_of) {
  const proto::Descriptor file = open_or_fail(path, O_RDWR);  // closing it also unlocks it
  if (::flock(file.get(), LOCK_EX) != 0 && !proto::means_no_locks(errno)) fail(path, "cannot lock");
  const std::string content = proto::read_file(path);
  require_log(path, content, step_of);
  const std::string kept = lines_up_to(content, step, step_of);
  const auto same =
      static_cast<std::size_t>(std::ranges::mismatch(kept, content).in1 - kept.begin());
  const auto rest = static_cast<ssize_t>(kept.size() - same);
  if (::pwrite(file.get(), kept.data() + same, kept.size() - same, static_cast<off_t>(same)) !=
      rest) {
    fail(path, "cannot write");
  }
  if (::ftruncate(file.get(), static_cast<off_t>(kept.size())) != 0) {
    fail(path, "cannot cut back");
  }
}

AppendLog::AppendLog(std::filesystem::path path)
    : path_(std::move(path)), file_(open_or_fail(path_, O_WRONLY | O_APPEND)) {}

bool AppendLog::in_place() const {
  struct stat here {};
  struct stat opened {};
  if (::stat(path_.c_str(), &here) != 0) return errno != ENOENT && errno != ENOTDIR;
  return ::fstat(file_.get(), &opened) != 0 ||
         (here.st_dev == opened.st_dev && here.st_ino == opened.st_ino);
}

void AppendLog::append(std::string_view lines) {
  if (!in_place()) {
    log_warning(
        path_.string() +
        " was removed or replaced while this run writes it; the next lines go into the file "
        "that is there now, or into a new one");
    proto::make_folders(path_.parent_path(), proto::real_disk());
    file_ = open_or_fail(path_, O_WRONLY | O_APPEND);
  }
  proto::write_all(file_.get(), lines, path_);
}

void AppendLog::sync() {
  if (::fdatasync(file_.get()) != 0) fail(path_, "cannot make it durable");
}

}  // namespace millrace::trainer
