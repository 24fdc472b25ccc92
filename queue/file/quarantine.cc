// Damaged files of a queue folder (quarantine.h).
#include "queue/file/quarantine.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/chunk_file.h"
#include "proto/file_name.h"
#include "proto/files.h"

namespace millrace::queue {
namespace {

namespace fs = std::filesystem;

/// Where a file goes: "train-000000004096.chunk"; with an id added where something has that name
/// and either is a folder, as those replace no file and no file replaces them.
fs::path place_for(const fs::path& path, const Folder& folder) {
  fs::path place = folder.quarantine() /
                   (path.parent_path().filename().string() + '-' + path.filename().string());
  const auto there = folder.disk().stat(place);
  const auto coming = folder.disk().stat(path);
  if (there && coming && (there->is_folder || coming->is_folder)) place += '.' + proto::random_id();
  return place;
}

/// Whether place_for gives such names.
bool is_ours(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot != std::string_view::npos && proto::is_id(name.substr(dot + 1))) {
    name = name.substr(0, dot);
  }
  return std::ranges::any_of(proto::kSplits, [&](proto::Split split) {
    const std::string begin = std::string(proto::to_string(split)) + '-';
    return name.starts_with(begin) && proto::chunk_key(name.substr(begin.size()));
  });
}

void keep_newest(const fs::path& quarantine, proto::Disk& disk) {
  std::vector<std::pair<std::int64_t, fs::path>> files;
  for (const std::string& name : disk.list(quarantine)) {
    if (!is_ours(name)) continue;
    if (const auto entry = disk.stat(quarantine / name)) {
      files.emplace_back(entry->written_ns, quarantine / name);
    }
  }
  std::ranges::sort(files);
  for (std::size_t i = 0; i + kMaxQuarantined < files.size(); ++i) {
    proto::try_remove(files[i].second, disk);
  }
}

}  // namespace

bool set_aside(const Folder& folder, const fs::path& path) {
  proto::Disk& disk = folder.disk();
  try {
    proto::make_folders(folder.quarantine(), disk);
    disk.rename(path, place_for(path, folder));
    keep_newest(folder.quarantine(), disk);
    return true;
  } catch (const proto::DiskError&) {
    if (!disk.stat(path)) return false;
    if (!disk.remove(path)) throw;  // a folder that is not empty
    return true;
  }
}

}  // namespace millrace::queue
