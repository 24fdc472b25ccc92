// Files and folders by the operations of a Disk.
#include "proto/files.h"

#include <sys/random.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <stdexcept>

#include "base/text.h"
#include "proto/digest.h"

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

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
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
  const std::string tag = '.' + machine + number + std::string(kTemporaryEnd);
  std::string name = path.filename().string();
  if (1 + name.size() + tag.size() > NAME_MAX) name = kLongName;
  return path.parent_path() / ('.' + name + tag);
}

std::optional<std::string> final_name_of(std::string_view temporary) {
  const std::size_t dot = temporary.rfind('.', temporary.size() - kTemporaryEnd.size() - 1);
  if (!temporary.starts_with('.') || !temporary.ends_with(kTemporaryEnd) || dot == 0 ||
      dot == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view tag =
      temporary.substr(dot + 1, temporary.size() - kTemporaryEnd.size() - dot - 1);
  const std::size_t process = tag.find('-');
  const std::size_t serial = tag.rfind('-');
  if (process == serial || !is_hex(tag.substr(0, process), 16) ||
      !base::parse_number<int>(tag.substr(process + 1, serial - process - 1)) ||
      !is_hex(tag.substr(serial + 1), 8)) {
    return std::nullopt;
  }
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
