// The training runs on a queue folder that are alive: those whose heartbeat, a counter in the
// group's file, has changed lately by the observer's own clock.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "proto/group_file.h"
#include "queue/ends/clock.h"
#include "queue/file/folder.h"

namespace millrace::queue {

/// A run whose heartbeat has not changed for so long is dead.
inline constexpr std::chrono::seconds kRunDeadAfter{30};
/// How often a run writes its heartbeat.
inline constexpr std::chrono::milliseconds kHeartbeatInterval{250};

class RunMonitor {
 public:
  explicit RunMonitor(Folder folder) : folder_(std::move(folder)) {}

  /// Reads the groups. One that is seen for the first time counts as alive. Throws DiskError where
  /// they cannot be listed.
  [[nodiscard]] std::vector<proto::Group> alive(Time now);

 private:
  struct Seen {
    std::uint64_t heartbeat = 0;
    Time changed;
  };
  Folder folder_;
  std::map<std::string, Seen> seen_;
};

}  // namespace millrace::queue
