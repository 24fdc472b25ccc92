// A file, mapped read-only: only touched pages are read, and they are not private memory.
//
// Immutable, so any thread may use one. If another process shortens the file meanwhile, this one
// ends with a line on stderr and status 1 at the first page that is gone; our own indexes are only
// ever replaced by renaming.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace millrace::datasets {

class MappedFile {
 public:
  /// Throws proto::DiskError "PATH: cannot read: REASON".
  explicit MappedFile(const std::filesystem::path& path);
  /// Maps an open file, which stays the caller's. `place`: its name in messages.
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
