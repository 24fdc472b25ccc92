// Mapping a file by mmap().
#include "datasets/io/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <mutex>

#include "proto/descriptor.h"
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

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) {
  const proto::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) throw proto::DiskError(path, "cannot read", errno);
  map(file.get(), path);
}

MappedFile::MappedFile(int fd, const std::filesystem::path& place) { map(fd, place); }

MappedFile::~MappedFile() {
  if (size_ > 0) ::munmap(const_cast<char*>(data_), size_);
}

void MappedFile::map(int fd, const std::filesystem::path& place) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw proto::DiskError(place, "cannot read", errno);
  if (S_ISDIR(status.st_mode)) throw proto::DiskError(place, "cannot read", EISDIR);
  if (status.st_size == 0) return;  // mmap() refuses empty mappings
  const auto size = static_cast<std::size_t>(status.st_size);
  void* const memory = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) throw proto::DiskError(place, "cannot map", errno);
  static std::once_flag explained;
  std::call_once(explained, explain_bus_errors);
  data_ = static_cast<const char*>(memory);
  size_ = size;
}

}  // namespace millrace::datasets
