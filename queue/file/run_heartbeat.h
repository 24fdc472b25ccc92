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
#include "queue/file/run_monitor.h"

namespace millrace::queue {

/// How long a new process checks whether another one writes its run's file.
inline constexpr std::chrono::seconds kNewcomerFor{2};

class RunHeartbeat {
 public:
  /// Claims the run. Throws std::runtime_error if another process has it, DiskError if the folder
  /// cannot be written.
  RunHeartbeat(Folder folder, const std::string& run_id);
  /// A clean end: deletes the group's files, and its folder unless others put something there.
  ~RunHeartbeat();
  RunHeartbeat(const RunHeartbeat&) = delete;
  RunHeartbeat& operator=(const RunHeartbeat&) = delete;

  /// The content of the next write.
  [[nodiscard]] proto::Group& group() { return group_; }

  /// Writes the file, and its folder again if somebody cleared the queue. False: the disk is full
  /// or the folder cannot be written now, and the file stays as it is until the next write. Throws
  /// std::runtime_error as the constructor does, DiskError for a folder that could never be
  /// written.
  bool write(Time now);
  /// Whether the last write is kHeartbeatInterval ago.
  [[nodiscard]] bool is_due(Time now) const { return now - last_write_ >= kHeartbeatInterval; }
  /// Whether the last write failed for lack of room.
  [[nodiscard]] bool is_disk_full() const { return is_disk_full_; }

 private:
  /// Throws: another process trains this run. `sign`: what the file shows of it.
  [[noreturn]] void refuse(const std::filesystem::path& file, const char* sign);
  void check_owner(Time now);
  /// Throws the error again unless it will pass or the file could be written before.
  void tolerate(const proto::DiskError& error);

  Folder folder_;
  proto::Group group_;
  std::shared_ptr<const void> lock_;
  std::optional<Time> first_write_;
  Time last_write_{};
  bool has_written_ = false;
  bool is_failing_ = false;  ///< the last write failed, and the log says so
  bool is_disk_full_ = false;
};

}  // namespace millrace::queue
