// Mapping a file by mmap().
#include "datasets/io/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#include "proto/descriptor.h"
#include "proto/disk.h"

namespace millrace::datasets {

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
  data_ = static_cast<const char*>(memory);
  size_ = size;
}

}  // namespace millrace::datasets
