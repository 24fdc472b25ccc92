// The heartbeat of a run on a queue folder: claims the run for this process, and writes the group's
// file, with the run's cursor and window, again and again.
//
// Two processes with one run id would train one run twice and move each other's cursor. On file
// systems with locks between hosts the lock beside the file refuses the second process; it is
// released when its holder dies, so a resume never waits. Where locks do not reach another host, a
// new process reads the file back for its first two seconds: another owner in it means that the run
// is alive.
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

/// How long a new process checks whether another one writes its run's file.
inline constexpr std::chrono::seconds kNewcomerFor{2};

class RunHeartbeat {
 public:
  /// Claims the run. Throws std::runtime_error if another process has it, DiskError if the folder
  /// cannot be written.
  RunHeartbeat(Folder folder, const std::string& run_id);
  /// A clean end: deletes the group.
  ~RunHeartbeat();
  RunHeartbeat(const RunHeartbeat&) = delete;
  RunHeartbeat& operator=(const RunHeartbeat&) = delete;

  /// The content of the next write.
  [[nodiscard]] proto::Group& group() { return group_; }

  /// Writes the file, and its folder again if somebody cleared the queue. On a full disk the file
  /// stays as it is until the next write. Throws std::runtime_error as the constructor does.
  void write(Time now);
  /// Calls write() if the last one is kHeartbeatInterval ago.
  void beat(Time now);

 private:
  /// Throws: another process trains this run. `sign`: what the file shows of it.
  [[noreturn]] void refuse(const std::filesystem::path& file, const char* sign);
  void check_owner(Time now);
  /// Throws the error again unless it will pass.
  void tolerate(const proto::DiskError& error);

  Folder folder_;
  proto::Group group_;
  std::shared_ptr<const void> lock_;
  std::optional<Time> first_write_;
  Time last_write_{};
  bool disk_is_full_ = false;
};

}  // namespace millrace::queue
