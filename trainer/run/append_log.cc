// Truncating and appending (append_log.h).
#include "trainer/run/append_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include "proto/disk.h"
#include "proto/files.h"
#include "trainer/base/log.h"

namespace millrace::trainer {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const char* what) {
  throw std::runtime_error(path.string() + ": " + what + ": " + std::strerror(errno));
}

proto::Descriptor open_or_fail(const std::filesystem::path& path, int flags, LogLinks links) {
  flags |= O_CREAT | O_CLOEXEC | O_NOCTTY | (links == LogLinks::kRefused ? O_NOFOLLOW : 0);
  proto::Descriptor file(::open(path.c_str(), flags, 0666));
  if (!file.is_open() && errno == ELOOP && links == LogLinks::kRefused) {
    throw std::runtime_error(path.string() +
                             ": it is a link, and a run that is resumed cuts its file back, "
                             "wherever the link leads; name the file itself, or link its folder");
  }
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

/// The first bytes of a file hold its first line: ours are far shorter.
constexpr std::size_t kPieceBytes = std::size_t{64} << 10;

/// The lines of an open file: the path may lead to another one by now. In memory is one line and a
/// piece. What has been read may be overwritten meanwhile.
class Lines {
 public:
  Lines(const proto::Descriptor& file, const std::filesystem::path& path)
      : file_(file), path_(path) {}

  /// The next line with its newline, valid until the next call; empty at the end, and for what
  /// stands there without a newline.
  std::optional<std::string_view> next() {
    std::size_t looked_at = begin_;
    std::size_t end = buffer_.find('\n', looked_at);
    while (end == std::string::npos) {
      looked_at = buffer_.size() - begin_;
      buffer_.erase(0, begin_);
      begin_ = 0;
      if (!read_more()) return std::nullopt;
      end = buffer_.find('\n', looked_at);
    }
    const std::string_view line = std::string_view(buffer_).substr(begin_, end + 1 - begin_);
    begin_ = end + 1;
    return line;
  }

  /// The file's first bytes. Before the first next().
  std::string_view first_piece() {
    read_more();
    return buffer_;
  }

 private:
  bool read_more() {
    const std::size_t held = buffer_.size();
    buffer_.resize(held + kPieceBytes);
    ssize_t got = -1;
    do {
      got = ::pread(file_.get(), buffer_.data() + held, kPieceBytes, at_);
    } while (got < 0 && errno == EINTR);
    if (got < 0) fail(path_, "cannot read");
    buffer_.resize(held + static_cast<std::size_t>(got));
    at_ += got;
    return got > 0;
  }

  const proto::Descriptor& file_;
  const std::filesystem::path& path_;
  std::string buffer_;
  std::size_t begin_ = 0;  ///< of the next line, in the buffer
  off_t at_ = 0;           ///< in the file, where the buffer ends
};

/// Whether a text may be the beginning of one of our lines: of metrics, or of a record.
bool may_be_cut_line(std::string_view text) {
  constexpr std::string_view kMetrics = R"({"step":)";
  return kMetrics.starts_with(text) || text.starts_with(kMetrics) ||
         (text.front() >= '0' && text.front() <= '9');
}

/// Looks at the first line of a file whose first bytes these are, kPieceBytes where it has them: a
/// crash may have cut or damaged later ones. A power cut leaves zeros.
void require_log(const std::filesystem::path& path, std::string_view content,
                 const StepOf& step_of) {
  if (content.empty() || content.front() == '\0') return;
  const std::size_t end = content.find('\n');
  const bool is_log = end == std::string_view::npos
                          ? content.size() < kPieceBytes && may_be_cut_line(content)
                          : step_of(content.substr(0, end)).has_value();
  if (!is_log) {
    throw NotALog(path.string() + " is not of a run, and a run cuts the file to its own lines");
  }
}

}  // namespace

void require_log(const std::filesystem::path& path, const StepOf& step_of) {
  if (proto::real_disk().link_target(path)) {
    throw NotALog(path.string() + " is a link, and a run cuts the file to its own lines");
  }
  const auto content = proto::real_disk().read(path, kPieceBytes);
  if (content) require_log(path, proto::text(content->bytes), step_of);
}

void truncate_after(const std::filesystem::path& path, std::uint64_t step, const StepOf& step_of,
                    LogLinks links) {
  const proto::Descriptor file = open_or_fail(path, O_RDWR, links);  // closing it also unlocks it
  if (::flock(file.get(), LOCK_EX) != 0 && !proto::means_no_locks(errno)) fail(path, "cannot lock");
  Lines lines(file, path);
  require_log(path, lines.first_piece(), step_of);
  off_t kept = 0;        // bytes, from the beginning
  bool dropped = false;  // a line
  while (const auto line = lines.next()) {
    const auto of_line = step_of(line->substr(0, line->size() - 1));
    if (!of_line || *of_line > step) {
      if (!dropped && ::lseek(file.get(), kept, SEEK_SET) < 0) fail(path, "cannot write");
      dropped = true;
      continue;
    }
    if (dropped) proto::write_all(file.get(), *line, path);
    kept += static_cast<off_t>(line->size());
  }
  if (::ftruncate(file.get(), kept) != 0) fail(path, "cannot cut back");
}

AppendLog::AppendLog(std::filesystem::path path, LogLinks links)
    : path_(std::move(path)),
      links_(links),
      file_(open_or_fail(path_, O_WRONLY | O_APPEND, links)) {}

bool AppendLog::in_place() const {
  struct stat here {};
  struct stat opened {};
  const int seen =
      links_ == LogLinks::kRefused ? ::lstat(path_.c_str(), &here) : ::stat(path_.c_str(), &here);
  if (seen != 0) return errno != ENOENT && errno != ENOTDIR;
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
    file_ = open_or_fail(path_, O_WRONLY | O_APPEND, links_);
    name_is_durable_ = false;
  }
  proto::write_all(file_.get(), lines, path_);
}

void AppendLog::sync() {
  // EINVAL: this file system has no sync.
  if (::fdatasync(file_.get()) != 0 && errno != EINVAL) fail(path_, "cannot make it durable");
  if (!std::exchange(name_is_durable_, true)) proto::sync_name(path_, proto::real_disk());
}

}  // namespace millrace::trainer
