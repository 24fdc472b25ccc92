// Walks through a folder (folder_files.h).
#include "datasets/sources/folder_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/lower_case.h"
#include "proto/disk.h"

namespace millrace::datasets {
namespace {

namespace fs = std::filesystem;

bool is_left_behind(const fs::path& name) {
  constexpr std::string_view kNames[] = {"_success", "_metadata", "_common_metadata", "thumbs.db",
                                         "desktop.ini"};
  constexpr std::string_view kStarts[] = {"_started_", "_committed_"};  // Databricks' transactions
  constexpr std::string_view kEnds[] = {"~", ".tmp", ".swp", ".crdownload"};
  const std::string low = base::lower_case(name.string());
  return std::ranges::find(kNames, low) != std::end(kNames) ||
         std::ranges::any_of(kStarts, [&](auto start) { return low.starts_with(start); }) ||
         std::ranges::any_of(kEnds, [&](auto end) { return low.ends_with(end); });
}

class Walk {
 public:
  explicit Walk(const fs::path& top) { enter(top, {}, status_of(top)); }

  [[nodiscard]] FolderFiles found() && {
    for (auto* const list : {&found_.files, &found_.left_out}) {
      std::ranges::sort(*list, {}, [](const fs::path& path) { return path.generic_string(); });
    }
    return std::move(found_);
  }

 private:
  static struct stat status_of(const fs::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) return status;
    const int reason = errno;
    std::error_code none;
    if (const fs::path target = fs::read_symlink(path, none); !target.empty()) {
      throw std::runtime_error(path.string() + ": this link leads to " + target.string() +
                               ", which cannot be reached (" +
                               std::generic_category().message(reason) +
                               "); mount or fetch it, or remove the link");
    }
    throw proto::DiskError(path, "cannot look at it", reason);
  }

  void enter(const fs::path& folder, const fs::path& relative, const struct stat& status) {
    const auto [seen, is_new] = folders_.try_emplace({status.st_dev, status.st_ino}, folder);
    if (!is_new) {
      throw std::runtime_error(folder.string() + ": this is the same folder as " +
                               seen->second.string() +
                               ", so its files would be read twice; remove the link");
    }
    std::error_code error;
    fs::directory_iterator at(folder, error);
    for (; !error && at != fs::directory_iterator(); at.increment(error)) {
      const fs::path name = at->path().filename();
      if (!name.native().starts_with('.')) take(at->path(), relative / name);
    }
    if (error) throw proto::DiskError(folder, "cannot list", error.value());
  }

  void take(const fs::path& path, const fs::path& relative) {
    const struct stat status = status_of(path);
    if (S_ISDIR(status.st_mode)) {
      enter(path, relative, status);
    } else if (S_ISREG(status.st_mode)) {
      (is_left_behind(path.filename()) ? found_.left_out : found_.files).push_back(relative);
    } else {
      throw std::runtime_error(path.string() +
                               ": neither a file nor a folder; remove it from the dataset");
    }
  }

  FolderFiles found_;
  std::map<std::pair<dev_t, ino_t>, fs::path> folders_;
};

}  // namespace

FolderFiles list_folder(const fs::path& folder) { return Walk(folder).found(); }

}  // namespace millrace::datasets
