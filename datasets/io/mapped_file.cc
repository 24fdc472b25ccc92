// Mapping a file by mmap(), and noticing that it was written since.
#include "datasets/io/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <mutex>

#include "datasets/io/probe_blocks.h"
#include "proto/descriptor.h"
#include "proto/digest.h"
#include "proto/disk.h"

namespace millrace::datasets {
namespace {

constexpr std::string_view kCutShort =
    "error: a mapped file, such as the dataset or its index, was cut short while it was in use, or "
    "its disk failed; see to it that the file is whole, and start again\n";

/// Async-signal-safe. Any other SIGBUS comes again, and ends the process as if there were no
/// handler (SA_RESETHAND).
void on_bus_error(int /*number*/, siginfo_t* info, void* /*context*/) {
  if (info->si_code != BUS_ADRERR) return;
  static_cast<void>(::write(STDERR_FILENO, kCutShort.data(), kCutShort.size()));
  ::_exit(EXIT_FAILURE);
}

/// A page of a file that is no longer there is a signal, not an error: nothing can be thrown.
void explain_bus_errors() {
  struct sigaction action {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO | SA_RESETHAND;
  ::sigaction(SIGBUS, &action, nullptr);
}

/// Files that keep their descriptor; a process may have 1024 in all. The others are looked at by
/// their names.
constexpr int kMostDescriptors = 256;
std::atomic<int> descriptors{0};

std::int64_t in_ns(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// A hash of the probe's blocks, or of all bytes.
std::uint64_t probe(std::string_view bytes) {
  if (is_probed_whole(bytes.size())) return proto::xxh64(bytes);
  proto::Digest digest;
  for (std::uint64_t i = 0; i < kProbeBlocks; ++i) {
    digest.update(
        std::as_bytes(std::span(bytes.substr(probe_block_at(bytes.size(), i), kProbeBlockBytes))));
  }
  return digest.value();
}

thread_local FilesRead* innermost = nullptr;

}  // namespace

/// The bytes of a file, and how it was when they were mapped.
class Mapping {
 public:
  Mapping(int fd, std::filesystem::path place) : place_(std::move(place)) {
    if (::fstat(fd, &status_) != 0) fail("cannot read", errno);
    if (!S_ISREG(status_.st_mode)) fail("cannot read", S_ISDIR(status_.st_mode) ? EISDIR : EINVAL);
    if (status_.st_size > 0) map(fd);  // mmap() refuses empty mappings
    // Without a name, it is our own, which nobody else can write.
    if (status_.st_nlink == 0) return;
    probe_ = probe(bytes());
    changed_ns_ = in_ns(status_.st_ctim);
    keep_open(fd);
  }
  ~Mapping() {
    if (size_ > 0) ::munmap(const_cast<char*>(data_), size_);
    if (file_.is_open()) --descriptors;
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  [[nodiscard]] std::string_view bytes() const { return {data_, size_}; }
  [[nodiscard]] const std::filesystem::path& place() const { return place_; }

  [[nodiscard]] bool was_written() const {
    struct stat now {};
    if (status_.st_nlink == 0 || !look(now)) return false;
    if (now.st_size != status_.st_size || in_ns(now.st_mtim) != in_ns(status_.st_mtim)) return true;
    const std::int64_t changed = in_ns(now.st_ctim);
    if (changed == changed_ns_) return false;
    // So does a new name or mode, and whoever writes and then sets the time back.
    if (probe(bytes()) != probe_) return true;
    changed_ns_ = changed;
    return false;
  }

 private:
  [[noreturn]] void fail(std::string_view what, int reason) const {
    throw proto::DiskError(place_, what, reason);
  }

  void map(int fd) {
    const auto size = static_cast<std::size_t>(status_.st_size);
    void* const memory = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) fail("cannot map", errno);
    static std::once_flag explained;
    std::call_once(explained, explain_bus_errors);
    data_ = static_cast<const char*>(memory);
    size_ = size;
  }

  void keep_open(int fd) {
    if (++descriptors <= kMostDescriptors) {
      file_ = proto::Descriptor(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    }
    if (!file_.is_open()) --descriptors;
  }

  /// The file's status now; false where its name leads elsewhere.
  [[nodiscard]] bool look(struct stat& now) const {
    if (file_.is_open()) return ::fstat(file_.get(), &now) == 0;
    return ::stat(place_.c_str(), &now) == 0 && now.st_dev == status_.st_dev &&
           now.st_ino == status_.st_ino;
  }

  std::filesystem::path place_;
  struct stat status_ {};
  proto::Descriptor file_;
  const char* data_ = nullptr;
  std::size_t size_ = 0;
  std::uint64_t probe_ = 0;
  mutable std::atomic<std::int64_t> changed_ns_{0};
};

MappedFile::MappedFile(const std::filesystem::path& path) {
  // O_NONBLOCK: do not wait if the name is a pipe's.
  const proto::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.is_open()) throw proto::DiskError(path, "cannot read", errno);
  mapping_ = std::make_shared<Mapping>(file.get(), path);
  bytes_ = mapping_->bytes();
}

MappedFile::MappedFile(int fd, const std::filesystem::path& place)
    : mapping_(std::make_shared<Mapping>(fd, place)), bytes_(mapping_->bytes()) {}

void MappedFile::note_read() const {
  if (innermost != nullptr) innermost->note(mapping_);
}

FilesRead::FilesRead() : outer_(innermost) { innermost = this; }
FilesRead::~FilesRead() { innermost = outer_; }

void FilesRead::note(const std::shared_ptr<const Mapping>& file) {
  constexpr std::size_t kLookedAt = 8;  // windows of a few datasets by turns
  const std::size_t before = files_.size() - std::min(files_.size(), kLookedAt);
  if (std::find(files_.begin() + static_cast<std::ptrdiff_t>(before), files_.end(), file) ==
      files_.end()) {
    files_.push_back(file);
  }
}

std::optional<std::string> FilesRead::changed() const {
  std::vector<const Mapping*> files;
  for (const auto& each : files_) files.push_back(each.get());
  std::ranges::sort(files);
  files.erase(std::unique(files.begin(), files.end()), files.end());
  for (const Mapping* each : files) {
    if (!each->was_written()) continue;
    return each->place().string() +
           ": it was written while it was in use, so its bytes are no longer those of this stream; "
           "nothing that was read since is handed out. Start again when nobody writes to it, and "
           "replace a file by renaming a new one to its name";
  }
  return std::nullopt;
}

}  // namespace millrace::datasets
