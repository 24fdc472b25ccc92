// A run's own side of its group's file: claims the run for this process, and says again and again
// where it stands.
//
// Two processes with one run id would train one run twice and move each other's cursor. The lock
// beside the file refuses the second on every file system that has locks between hosts; it is free
// the moment its holder dies, so a resume never waits. Where locks do not reach another host, the
// file itself tells: a newcomer reads it back for its first two seconds, and an owner other than
// itself is a run that lives.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "proto/group_file.h"
#include "queue/ends/clock.h"
#include "queue/file/folder.h"

namespace millrace::queue {

/// For so long a process looks whether another one writes its run's file.
inline constexpr std::chrono::seconds kNewcomerFor{2};

class RunHeartbeat {
 public:
  /// Takes the run. Throws std::runtime_error if another process has it, DiskError where the folder
  /// cannot be written.
  RunHeartbeat(Folder folder, const std::string& run_id);
  /// A clean end: takes the group away.
  ~RunHeartbeat();
  RunHeartbeat(const RunHeartbeat&) = delete;
  RunHeartbeat& operator=(const RunHeartbeat&) = delete;

  /// What the next write says.
  [[nodiscard]] proto::Group& group() { return group_; }

  /// Writes the file, also where somebody cleared the queue. On a full disk it is left as it is
  /// until the next write. Throws std::runtime_error as the constructor does.
  void write(Time now);
  /// The same, every kHeartbeatInterval.
  void beat(Time now);

 private:
  [[noreturn]] void refuse(const std::filesystem::path& file, const char* sign);
  void check_owner(Time now);
  void forgive(const proto::DiskError& error);

  Folder folder_;
  proto::Group group_;
  std::shared_ptr<const void> lock_;
  std::optional<Time> first_write_;
  Time last_write_{};
  bool full_ = false;
};

}  // namespace millrace::queue
