// Damaged files of a queue folder (quarantine.h).
#include "queue/file/quarantine.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "proto/files.h"

namespace millrace::queue {
namespace {

namespace fs = std::filesystem;

void keep_newest(const fs::path& quarantine, proto::Disk& disk) {
  std::vector<std::pair<std::int64_t, fs::path>> files;
  for (const std::string& name : disk.list(quarantine)) {
    if (const auto entry = disk.stat(quarantine / name)) {
      files.emplace_back(entry->written_ns, quarantine / name);
    }
  }
  std::ranges::sort(files);
  for (std::size_t i = 0; i + kMaxQuarantined < files.size(); ++i) {
    proto::try_remove_all(files[i].second, disk);
  }
}

}  // namespace

bool set_aside(const Folder& folder, const fs::path& path) {
  proto::Disk& disk = folder.disk();
  try {
    proto::make_folders(folder.quarantine(), disk);
    disk.rename(path, folder.quarantine() / (path.parent_path().filename().string() + '-' +
                                             path.filename().string()));
    keep_newest(folder.quarantine(), disk);
    return true;
  } catch (const proto::DiskError&) {
    if (!disk.stat(path)) return false;
    proto::remove_all(path, disk);
    return true;
  }
}

}  // namespace millrace::queue
