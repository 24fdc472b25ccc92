// Growing files, in memory or on disk.
#include "datasets/io/growing_file.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>

#include "proto/disk.h"
#include "proto/files.h"

namespace millrace::datasets {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBufferBytes = std::size_t{1} << 18;

proto::Descriptor create(const fs::path& path) {
  proto::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file.is_open()) throw proto::DiskError(path, "cannot write", errno);
  return file;
}

void write_all(int fd, std::string_view bytes, std::uint64_t at, const fs::path& place) {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw proto::DiskError(place, "cannot write", errno);
    bytes.remove_prefix(static_cast<std::size_t>(put));
    at += static_cast<std::uint64_t>(put);
  }
}

}  // namespace

GrowingFile::GrowingFile(proto::Descriptor file, fs::path place)
    : file_(std::move(file)), place_(std::move(place)) {}

GrowingFile GrowingFile::in_memory() {
  const fs::path place = "an index in memory";
  proto::Descriptor file(::memfd_create("millrace-index", MFD_CLOEXEC));
  if (!file.is_open()) throw proto::DiskError(place, "cannot make", errno);
  return {std::move(file), place};
}

GrowingFile GrowingFile::without_name(const fs::path& folder) {
  const fs::path path = proto::temporary_name(folder / "millrace-index");
  proto::Descriptor file = create(path);
  ::unlink(path.c_str());
  return {std::move(file), path};
}

GrowingFile GrowingFile::named(const fs::path& path) { return {create(path), path}; }

void GrowingFile::append(std::string_view bytes) {
  if (buffer_.size() + bytes.size() > kBufferBytes) flush();
  if (bytes.size() < kBufferBytes) {
    buffer_ += bytes;
  } else {
    write_all(file_.get(), bytes, written_, place_);
    written_ += bytes.size();
  }
}

void GrowingFile::pad() {
  constexpr std::string_view kZeros{"\0\0\0\0\0\0\0", 7};
  append(kZeros.substr(0, (8 - size() % 8) % 8));
}

void GrowingFile::flush() {
  write_all(file_.get(), buffer_, written_, place_);
  written_ += buffer_.size();
  buffer_.clear();
}

std::size_t GrowingFile::read_back(std::uint64_t at, std::span<char> buffer) const {
  for (;;) {
    const ssize_t got = ::pread(file_.get(), buffer.data(), buffer.size(), static_cast<off_t>(at));
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0 || errno != EINTR) {
      throw proto::DiskError(place_, "cannot read", got == 0 ? ENODATA : errno);
    }
  }
}

void GrowingFile::replace_beginning(std::string_view bytes) {
  flush();
  write_all(file_.get(), bytes, 0, place_);
}

void GrowingFile::sync() {
  flush();
  if (::fsync(file_.get()) != 0 && errno != EINVAL) {
    throw proto::DiskError(place_, "cannot make it durable", errno);
  }
}

}  // namespace millrace::datasets
