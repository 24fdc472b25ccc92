// Files and folders by the operations of a Disk.
#include "proto/files.h"

#include <sys/random.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <stdexcept>

#include "proto/digest.h"

namespace millrace::proto {
namespace {

namespace fs = std::filesystem;

/// The folder of a path, for paths without one too.
fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

/// Syncs a folder, also one that was there already: the process that made it may have died before
/// its own sync. A folder that may not be synced for lack of rights is left to its owner.
void try_sync(const fs::path& folder, Disk& disk) {
  try {
    disk.sync(folder);
  } catch (const DiskError& error) {
    if (error.reason() != EACCES) throw;
  }
}

}  // namespace

std::string read_file(const fs::path& path, Disk& disk) {
  const auto content = disk.read(path, Disk::kAll);
  if (!content) throw DiskError(path, "cannot read", ENOENT);
  return std::string(text(content->bytes));
}

void replace_file(const fs::path& path, std::span<const std::string_view> pieces, Disk& disk) {
  const fs::path temporary = temporary_name(path);
  try {
    disk.write(temporary, pieces);
    disk.rename(temporary, path);
  } catch (const DiskError& error) {
    try_remove_all(temporary, disk);
    throw DiskError(path, "cannot write", error.reason());
  }
}

void replace_file(const fs::path& path, std::string_view content, Disk& disk) {
  replace_file(path, std::span(&content, 1), disk);
}

void make_folders(const fs::path& folder, Disk& disk) {
  if (folder.empty() || disk.stat(folder)) return;
  make_folders(folder.parent_path(), disk);
  disk.make_folder(folder);
}

void make_durable_folders(const fs::path& folder, Disk& disk) {
  if (folder.empty()) return;
  if (!disk.stat(folder)) {
    make_durable_folders(folder.parent_path(), disk);
    disk.make_folder(folder);
  }
  try_sync(folder_of(folder), disk);
}

void remove_all(const fs::path& path, Disk& disk) {
  if (disk.remove(path)) return;
  for (const std::string& name : disk.list(path)) remove_all(path / name, disk);
  disk.remove(path);
}

void try_remove_all(const fs::path& path, Disk& disk) noexcept {
  try {
    remove_all(path, disk);
  } catch (...) {  // a full or broken disk
  }
}

fs::path temporary_name(const fs::path& path) {
  // Process ids are not unique among machines that share a folder.
  static const std::string machine = random_id();
  static std::atomic<std::uint32_t> serial{0};
  char number[32];
  std::snprintf(number, sizeof number, "-%d-%08x", ::getpid(), serial++);
  return path.parent_path() / ('.' + path.filename().string() + '.' + machine + number + ".tmp");
}

std::string random_id() {
  std::uint64_t value = 0;
  if (::getrandom(&value, sizeof value, 0) != sizeof value) {
    throw std::runtime_error("no random bytes from the system");
  }
  return hex16(value);
}

}  // namespace millrace::proto
