// A disk, as the few operations that checkpoints and queue folders need. The real one is POSIX;
// tests have one in memory that can be full, fail, and lose its power between any two operations
// (tests/support/fake_disk.h). files.h combines the operations.
//
// After a power cut a disk still has the content of files that were synced, and the names of
// folders that were synced. Later changes may be there, partly there, or lost.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "proto/shared_bytes.h"

namespace millrace::proto {

/// An operation that failed: "PATH: cannot write: No space left on device".
class DiskError : public std::runtime_error {
 public:
  DiskError(const std::filesystem::path& path, std::string_view what, int reason);
  [[nodiscard]] int reason() const { return reason_; }  ///< an errno
  /// Whether the disk or the user's quota is full.
  [[nodiscard]] bool is_full() const;

 private:
  int reason_;
};

/// The file or folder that a path leads to, through links where they are followed.
struct DiskEntry {
  bool is_folder = false;
  std::uint64_t size_bytes = 0;
  /// Time of the last write by the disk's clock; only for comparisons.
  std::int64_t written_ns = 0;
};

/// Every operation throws DiskError where it fails, and may be called from any thread.
class Disk {
 public:
  static constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

  virtual ~Disk() = default;

  /// From now on no operation follows a link below `folder`, in which others may write: a link
  /// there in place of a folder, or of a file to open, is an error (ELOOP), and the other
  /// operations take the link itself. `folder` may be reached through links; paths below it begin
  /// as it does.
  virtual void refuse_links_below(const std::filesystem::path& folder) = 0;

  /// The content of a file, or its first `at_most` bytes, in memory aligned for columns; empty
  /// where there is no such file. Takes no more memory than that. Later changes to the file do not
  /// change what was read.
  [[nodiscard]] virtual std::optional<SharedBytes> read(const std::filesystem::path& path,
                                                        std::size_t at_most) = 0;
  /// Writes the pieces one after the other to a new file. Throws (EEXIST) where the name is taken.
  virtual void write_new(const std::filesystem::path& path,
                         std::span<const std::string_view> pieces) = 0;
  /// The same in place of a file's content, or to a new one; never through a link. Not atomic. No
  /// more than the content that was there needs no room on the disk.
  virtual void write(const std::filesystem::path& path,
                     std::span<const std::string_view> pieces) = 0;
  /// Makes an empty file; false where the name is taken.
  [[nodiscard]] virtual bool create(const std::filesystem::path& path) = 0;
  /// Makes a folder, whose parent must be there; false where the name is taken.
  virtual bool make_folder(const std::filesystem::path& path) = 0;
  /// Makes a symbolic link; `target` is relative to the link's folder. False where the file system
  /// has no such links (FAT, many network and object stores).
  [[nodiscard]] virtual bool link(const std::filesystem::path& target,
                                  const std::filesystem::path& path) = 0;
  /// The target of a symbolic link as it was written; empty where the name is no link.
  [[nodiscard]] virtual std::optional<std::filesystem::path> link_target(
      const std::filesystem::path& path) = 0;
  /// Renames atomically; replaces a file, a link or an empty folder of that name.
  virtual void rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  /// Swaps two names atomically; false where the file system cannot.
  [[nodiscard]] virtual bool exchange(const std::filesystem::path& a,
                                      const std::filesystem::path& b) = 0;
  /// Removes a file, a link or an empty folder; true also where there is nothing. False for a
  /// folder that is not empty, which stays.
  virtual bool remove(const std::filesystem::path& path) = 0;

  /// The names in a folder, sorted; none where there is no such folder.
  [[nodiscard]] virtual std::vector<std::string> list(const std::filesystem::path& folder) = 0;
  /// The file or folder at a path; empty where there is none.
  [[nodiscard]] virtual std::optional<DiskEntry> stat(const std::filesystem::path& path) = 0;

  /// Makes the content of a file, or the names in a folder, durable: they survive a power cut.
  virtual void sync(const std::filesystem::path& path) = 0;
  /// Locks a file, which is made where it is missing, until the result is destroyed or the process
  /// ends; never through a link. Null where another holder has the lock. On a file system without
  /// locks, always succeeds.
  [[nodiscard]] virtual std::shared_ptr<const void> lock(const std::filesystem::path& path) = 0;
};

/// Whether an errno of flock says that the file system has no locks (Lustre without -o flock, NFS
/// without a lock server).
[[nodiscard]] bool means_no_locks(int reason);

/// The file systems of this machine.
[[nodiscard]] Disk& real_disk();

}  // namespace millrace::proto
