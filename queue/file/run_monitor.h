// Which training runs of a queue folder are alive, judged by the observer's own clock: a run whose
// heartbeat stands still is not.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "proto/group_file.h"
#include "queue/ends/clock.h"
#include "queue/file/folder.h"

namespace millrace::queue {

/// A run that has not counted on for so long is taken for dead.
inline constexpr std::chrono::seconds kRunDeadAfter{30};
/// How often a run counts on.
inline constexpr std::chrono::milliseconds kHeartbeatInterval{250};

class RunMonitor {
 public:
  explicit RunMonitor(Folder folder) : folder_(std::move(folder)) {}

  /// Reads the groups; one that is seen for the first time counts as alive.
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
