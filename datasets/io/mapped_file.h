// A file's bytes as the kernel maps them, read-only: only what is touched is read, and nothing of
// it is private memory.
//
// Immutable, so any thread may use one. Another process that shortens the file while it is mapped
// ends this one by SIGBUS, as with every mapped file; our own indexes are replaced by renaming
// alone.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace millrace::datasets {

class MappedFile {
 public:
  /// Throws proto::DiskError "PATH: cannot read: REASON".
  explicit MappedFile(const std::filesystem::path& path);
  /// Of an open file, which stays the caller's. `place` is for messages.
  MappedFile(int fd, const std::filesystem::path& place);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  [[nodiscard]] std::string_view bytes() const { return {data_, size_}; }

 private:
  void map(int fd, const std::filesystem::path& place);

  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace millrace::datasets
