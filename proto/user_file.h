// A file whose path a person gave. To write, such as --output FILE: it is replaced as a whole, and
// only by a whole one. To read once, such as --start FILE:PATH: it may be a pipe.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "proto/descriptor.h"

namespace millrace::proto {

/// Writes a new version of a file beside it, and puts it in place at the end.
///
/// - Links are followed and stay; the mode of a file that is replaced stays.
/// - A device, a pipe, a file with several hard links, or one that has a path under /proc alone, is
///   written in place, from its beginning.
/// - /dev/stdout, /dev/fd/N and what a shell puts for >(command) are written where the descriptor
///   stands: behind what `>> file` had.
/// - A folder, and a file that may not be written, is refused.
///
/// One thread at a time. Every member throws DiskError (disk.h) with the path and the reason.
class UserFile {
 public:
  /// Opens what will be written. An existing regular file stays as it is. Waits up to
  /// kPipeReaderWithin for the reader of a named pipe.
  explicit UserFile(std::filesystem::path path);
  /// Without finish: removes what was written beside the file, which stays as it was.
  ~UserFile();
  UserFile(UserFile&& other) noexcept;
  UserFile& operator=(UserFile&&) = delete;

  /// Appends. Kept in memory up to kBufferBytes.
  void write(std::string_view bytes);
  /// Writes the rest and puts the new file in the place of the old one.
  void finish();

 private:
  void flush();

  std::filesystem::path path_;    ///< as it was given, for errors
  std::filesystem::path target_;  ///< where links lead; empty: to a descriptor
  std::filesystem::path beside_;  ///< the unfinished file; empty: written in place
  Descriptor file_;
  std::string buffer_;
};

/// The content of a file that a person named for reading. Waits for the writer of a pipe and for a
/// terminal's input; calls `check_stop` meanwhile, which may throw. Throws DiskError (disk.h) with
/// the path and the reason, also for a folder and for more than kMostUserBytes.
[[nodiscard]] std::string read_user_file(const std::filesystem::path& path,
                                         const std::function<void()>& check_stop);
inline constexpr std::size_t kMostUserBytes = std::size_t{256} << 20;

/// The whole content at once.
void write_user_file(const std::filesystem::path& path, std::string_view content);

}  // namespace millrace::proto
