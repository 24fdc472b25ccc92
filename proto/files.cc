// Files and folders by the operations of a Disk.
#include "proto/files.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdint>
#include <stdexcept>

#include "proto/digest.h"
#include "proto/file_name.h"

namespace millrace::proto {
namespace {

namespace fs = std::filesystem;

/// The folder of a path, for paths without one too.
fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

constexpr std::string_view kTemporaryEnd = ".tmp";
/// Stands for a name that leaves no room for the rest of a temporary name.
constexpr std::string_view kLongName = "long-name";

}  // namespace

std::string read_file(const fs::path& path, Disk& disk) {
  const auto content = disk.read(path, Disk::kAll);
  if (!content) throw DiskError(path, "cannot read", ENOENT);
  return std::string(text(content->bytes));
}

void replace_file(const fs::path& path, std::span<const std::string_view> pieces, Disk& disk) {
  const fs::path temporary = temporary_name(path);
  try {
    disk.write_new(temporary, pieces);
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
  if (folder.empty()) return;
  if (const auto there = disk.stat(folder)) {
    if (!there->is_folder) throw DiskError(folder, "a folder must be there", ENOTDIR);
    return;
  }
  make_folders(folder.parent_path(), disk);
  disk.make_folder(folder);
}

void make_durable_folders(const fs::path& folder, Disk& disk) {
  if (folder.empty()) return;
  if (!disk.stat(folder)) {
    make_durable_folders(folder.parent_path(), disk);
    disk.make_folder(folder);
  }
  // Also for a folder that was there: the process that made it may have died before its own sync.
  sync_name(folder, disk);
}

void sync_name(const fs::path& path, Disk& disk) {
  try {
    disk.sync(folder_of(path));
  } catch (const DiskError& error) {
    if (error.reason() != EACCES) throw;
  }
}

bool remove_all(const fs::path& path, Disk& disk) {
  if (disk.remove(path)) return true;
  for (const std::string& name : disk.list(path)) remove_all(path / name, disk);
  return disk.remove(path);
}

void try_remove(const fs::path& path, Disk& disk) noexcept {
  try {
    disk.remove(path);
  } catch (...) {  // a full or broken disk
  }
}

void try_remove_all(const fs::path& path, Disk& disk) noexcept {
  try {
    remove_all(path, disk);
  } catch (...) {  // a full or broken disk
  }
}

fs::path temporary_name(const fs::path& path) {
  const std::string name = path.filename().string();
  const std::string_view held = name.size() > kMostFileNameBytes ? kLongName : name;
  return path.parent_path() /
         ('.' + std::string(held) + '.' + random_id() + std::string(kTemporaryEnd));
}

std::optional<std::string> final_name_of(std::string_view temporary) {
  if (!temporary.starts_with('.') || !temporary.ends_with(kTemporaryEnd) ||
      temporary.size() <= kTemporaryNameBytes) {
    return std::nullopt;
  }
  const std::size_t dot = temporary.size() - kTemporaryNameBytes + 1;
  const std::string_view id = temporary.substr(dot + 1, kIdDigits);
  if (temporary[dot] != '.' || !is_id(id)) return std::nullopt;
  return std::string(temporary.substr(1, dot - 1));
}

std::string random_id() {
  std::uint64_t value = 0;
  if (::getrandom(&value, sizeof value, 0) != sizeof value) {
    throw std::runtime_error("no random bytes from the system");
  }
  return hex16(value);
}

}  // namespace millrace::proto
