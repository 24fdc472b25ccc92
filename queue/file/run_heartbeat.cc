// The heartbeat of a run (run_heartbeat.h).
#include "queue/file/run_heartbeat.h"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <stdexcept>
#include <utility>

#include "proto/files.h"
#include "queue/file/run_monitor.h"

namespace millrace::queue {

RunHeartbeat::RunHeartbeat(Folder folder, const std::string& run_id) : folder_(std::move(folder)) {
  group_.run_id = run_id;
  group_.owner = proto::random_id();
  proto::make_folders(folder_.lock(run_id).parent_path(), folder_.disk());
  lock_ = folder_.disk().lock(folder_.lock(run_id));
  if (!lock_) refuse(folder_.lock(run_id), " is locked");
}

RunHeartbeat::~RunHeartbeat() {
  if (lock_) proto::try_remove_all(folder_.lock(group_.run_id).parent_path(), folder_.disk());
}

void RunHeartbeat::refuse(const std::filesystem::path& file, const char* sign) {
  lock_.reset();  // the group is the other's: the destructor must not delete it
  throw std::runtime_error("run " + group_.run_id + " is being trained by another process (" +
                           file.string() + sign + "): stop it, or choose another train.out_dir");
}

void RunHeartbeat::write(Time now) {
  check_owner(now);
  last_write_ = now;
  ++group_.heartbeat;
  try {
    const std::filesystem::path path = folder_.group(group_.run_id);
    proto::make_folders(path.parent_path(), folder_.disk());
    proto::write_group(path, group_, folder_.disk());
    disk_is_full_ = false;
  } catch (const proto::DiskError& error) {
    tolerate(error);
  }
}

void RunHeartbeat::beat(Time now) {
  if (now - last_write_ >= kHeartbeatInterval) write(now);
}

void RunHeartbeat::check_owner(Time now) {
  if (!first_write_) {
    first_write_ = now;
    return;
  }
  if (now - *first_write_ > kNewcomerFor) return;
  const std::filesystem::path path = folder_.group(group_.run_id);
  const auto there = proto::read_group(path, folder_.disk());
  if (there && there->owner != group_.owner) refuse(path, " is written by it");
}

/// A full disk gets room as chunks are used up, and a folder that was deleted during a write is
/// created by the next one.
void RunHeartbeat::tolerate(const proto::DiskError& error) {
  if (error.reason() == ENOENT) return;
  if (!error.is_full()) throw error;
  if (!std::exchange(disk_is_full_, true)) {
    spdlog::warn("{}; going on, and trying again", error.what());
  }
}

}  // namespace millrace::queue
