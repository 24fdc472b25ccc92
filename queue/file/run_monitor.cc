// The training runs that are alive (run_monitor.h).
#include "queue/file/run_monitor.h"

#include <algorithm>

#include "proto/file_name.h"

namespace millrace::queue {

std::vector<proto::Group> RunMonitor::alive(Time now) {
  std::vector<proto::Group> groups;
  const std::vector<std::string> names = folder_.disk().list(folder_.groups());
  std::erase_if(seen_,
                [&](const auto& seen) { return !std::ranges::binary_search(names, seen.first); });
  for (const std::string& name : names) {
    if (!proto::is_id(name)) continue;
    auto group = proto::read_group(folder_.group(name), folder_.disk());
    if (!group || group->run_id != name) continue;
    const auto [seen, is_new] = seen_.try_emplace(name, Seen{group->heartbeat, now});
    if (!is_new && seen->second.heartbeat != group->heartbeat) {
      seen->second = {group->heartbeat, now};
    }
    if (now - seen->second.changed <= kRunDeadAfter) {
      groups.push_back(std::move(*group));
    }
  }
  return groups;
}

}  // namespace millrace::queue
