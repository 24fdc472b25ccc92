#include "queue/group_watch.h"

namespace millrace::queue {

std::vector<proto::Group> GroupWatch::alive(Time now) {
  std::vector<proto::Group> living;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(groups_, missing)) {
    const auto group = proto::read_group(entry.path() / "group.json");
    if (!group) continue;
    const auto [seen, is_new] = seen_.try_emplace(group->run_id, Seen{group->heartbeat, now});
    if (!is_new && seen->second.heartbeat != group->heartbeat) seen->second = {group->heartbeat, now};
    if (now - seen->second.changed <= kGroupDeadAfter) living.push_back(*group);
  }
  return living;
}

}  // namespace millrace::queue
