// The disk, as the few verbs that our formats need. The real one is POSIX; tests have one in memory
// that can be full, lie, break and lose its power between any two operations
// (tests/support/fake_disk.h). What is made of the verbs stands in files.h.
//
// After a power cut a disk still has the content of a file that was synced, and the names of a
// folder that was synced; whatever else was done since may be there, or half there, or not.
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

/// What the disk refused: "PATH: cannot write: No space left on device".
class DiskError : public std::runtime_error {
 public:
  DiskError(const std::filesystem::path& path, std::string_view what, int reason);
  [[nodiscard]] int reason() const { return reason_; }  ///< an errno
  /// There is no room now; there may be some later.
  [[nodiscard]] bool is_full() const;

 private:
  int reason_;
};

/// What a path leads to, through links.
struct DiskEntry {
  bool is_folder = false;
  std::uint64_t size_bytes = 0;
  /// When it was last written, by the disk's clock; only to be compared.
  std::int64_t written_ns = 0;
};

/// Every verb throws DiskError where it cannot do what it says, and is safe to call from any
/// thread.
class Disk {
 public:
  static constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

  virtual ~Disk() = default;

  /// A file's content, or its first `at_most` bytes, in memory aligned for columns; empty where
  /// there is no such file. No memory is taken beyond that, and nobody can change it afterwards.
  [[nodiscard]] virtual std::optional<SharedBytes> read(const std::filesystem::path& path,
                                                        std::size_t at_most) = 0;
  /// A file of these pieces, one after the other, in place of what was there. Not atomic.
  virtual void write(const std::filesystem::path& path,
                     std::span<const std::string_view> pieces) = 0;
  /// An empty file; false where the name is taken.
  [[nodiscard]] virtual bool create(const std::filesystem::path& path) = 0;
  /// A folder, whose parent must be there; false where the name is taken.
  virtual bool make_folder(const std::filesystem::path& path) = 0;
  /// A symbolic link; `target` is relative to its folder.
  virtual void link(const std::filesystem::path& target, const std::filesystem::path& path) = 0;
  /// Atomic; replaces a file or link of that name, or an empty folder.
  virtual void rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  /// Swaps two names atomically; false where the file system cannot.
  [[nodiscard]] virtual bool exchange(const std::filesystem::path& a,
                                      const std::filesystem::path& b) = 0;
  /// A file, a link or an empty folder, or nothing. False: it is a folder with something in it, and
  /// stays.
  virtual bool remove(const std::filesystem::path& path) = 0;

  /// Names in a folder, sorted; none where there is no such folder.
  [[nodiscard]] virtual std::vector<std::string> list(const std::filesystem::path& folder) = 0;
  /// Empty where there is nothing.
  [[nodiscard]] virtual std::optional<DiskEntry> stat(const std::filesystem::path& path) = 0;

  /// Makes the content of a file, or the names of a folder, last through a power cut.
  virtual void sync(const std::filesystem::path& path) = 0;
  /// Locks a file, made where it is not there, until the result dies, as it does with its process.
  /// Null: another one has it. On a file system without locks everybody gets it.
  [[nodiscard]] virtual std::shared_ptr<const void> lock(const std::filesystem::path& path) = 0;
};

/// The machine's file systems.
[[nodiscard]] Disk& real_disk();

}  // namespace millrace::proto
