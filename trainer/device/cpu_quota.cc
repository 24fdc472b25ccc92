// Reading control groups, version 2 ("cpu.max") and 1 ("cpu.cfs_quota_us"): Linux's
// Documentation/admin-guide/cgroup-v2.rst and Documentation/scheduler/sched-bwc.rst (cpu_quota.h).
#include "trainer/device/cpu_quota.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

namespace millrace::trainer {
namespace {

namespace fs = std::filesystem;

/// The numbers "QUOTA PERIOD" that the stream begins with, as CPUs. Empty for "max" and for -1.
std::optional<double> read_quota(std::istream&& text) {
  double quota = 0.0, period = 0.0;
  if (text >> quota >> period && quota > 0 && period > 0) return quota / period;
  return std::nullopt;
}

std::string content(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::optional<double> quota_of(const fs::path& group) {
  if (const auto quota = read_quota(std::istringstream(content(group / "cpu.max")))) return quota;
  return read_quota(std::istringstream(content(group / "cpu.cfs_quota_us") + " " +
                                       content(group / "cpu.cfs_period_us")));
}

/// Where the hierarchy of a line "0::PATH" (version 2) or "4:cpu,cpuacct:PATH" lies; empty for one
/// that has no CPUs. Of version 1, "cpu" is a folder or a link to one, whatever that is called.
fs::path hierarchy(const fs::path& root, const std::string& controllers) {
  const fs::path all = root / "sys/fs/cgroup";
  if (controllers.empty()) return all;
  std::istringstream names(controllers);
  for (std::string name; std::getline(names, name, ',');) {
    std::error_code ignored;
    if (name == "cpu") return all / (fs::is_directory(all / name, ignored) ? name : controllers);
  }
  return {};
}

}  // namespace

std::optional<double> cpu_quota(const fs::path& root) {
  std::optional<double> least;
  std::ifstream groups(root / "proc/self/cgroup");
  std::string number, controllers, path;
  while (std::getline(groups, number, ':') && std::getline(groups, controllers, ':') &&
         std::getline(groups, path)) {
    const fs::path top = hierarchy(root, controllers);
    if (top.empty()) continue;
    // In a container the path may be the host's, of which only the top is seen.
    for (fs::path group = fs::path(path).relative_path();; group = group.parent_path()) {
      if (const auto quota = quota_of(top / group)) {
        least = std::min(least.value_or(*quota), *quota);
      }
      if (group.empty()) break;
    }
  }
  return least;
}

}  // namespace millrace::trainer
