// A file, mapped read-only: only touched pages are read, and they are not private memory.
//
// Immutable, so any thread may use one. If another process shortens the file meanwhile, this one
// ends with a line on stderr and status 1 at the first page that is gone; our own indexes are only
// ever replaced by renaming. FilesRead notices files that are written meanwhile.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::datasets {

class Mapping;

class MappedFile {
 public:
  /// Throws proto::DiskError "PATH: cannot read: REASON", also for what is no regular file.
  explicit MappedFile(const std::filesystem::path& path);
  /// Maps an open file, which stays the caller's. `place`: its name in messages.
  MappedFile(int fd, const std::filesystem::path& place);

  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  /// Notes for the FilesRead of this thread, if there is one, that bytes are read. For those who
  /// read them out of the mapping as long as a program runs.
  void note_read() const;

 private:
  std::shared_ptr<const Mapping> mapping_;
  std::string_view bytes_;
};

/// The mapped files that this thread reads while the object lives. Objects may be nested: the inner
/// one notes alone.
class FilesRead {
 public:
  FilesRead();
  ~FilesRead();
  FilesRead(const FilesRead&) = delete;
  FilesRead& operator=(const FilesRead&) = delete;

  /// The message about a noted file that was written since it was mapped; empty where there is
  /// none. A file that was renamed, removed or replaced by another one is as it was. One fstat()
  /// for each file.
  [[nodiscard]] std::optional<std::string> changed() const;

 private:
  friend MappedFile;
  void note(const std::shared_ptr<const Mapping>& file);

  FilesRead* outer_;
  std::vector<std::shared_ptr<const Mapping>> files_;
};

}  // namespace millrace::datasets
