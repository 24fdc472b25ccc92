// The heartbeat of a run (run_heartbeat.h).
#include "queue/file/run_heartbeat.h"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <stdexcept>
#include <utility>

#include "proto/files.h"

namespace millrace::queue {

RunHeartbeat::RunHeartbeat(Folder folder, const std::string& run_id) : folder_(std::move(folder)) {
  group_.run_id = run_id;
  group_.owner = proto::random_id();
  proto::make_folders(folder_.run(run_id), folder_.disk());
  lock_ = folder_.disk().lock(folder_.lock(run_id));
  if (!lock_) refuse(folder_.lock(run_id), " is locked");
}

RunHeartbeat::~RunHeartbeat() {
  if (!lock_) return;
  proto::Disk& disk = folder_.disk();
  const std::filesystem::path folder = folder_.run(group_.run_id);
  try {
    for (const std::string& name : disk.list(folder)) {
      const std::string of = proto::final_name_of(name).value_or(name);
      if (of == Folder::kGroup || of == Folder::kLock) disk.remove(folder / name);
    }
    disk.remove(folder);
  } catch (...) {  // a full or broken disk
    // It stays, and counts as dead in kRunDeadAfter.
  }
}

void RunHeartbeat::refuse(const std::filesystem::path& file, const char* sign) {
  lock_.reset();  // the group is the other's: the destructor must not delete it
  throw std::runtime_error("run " + group_.run_id + " is being trained by another process (" +
                           file.string() + sign + "): stop it, or choose another train.out_dir");
}

bool RunHeartbeat::write(Time now) {
  check_owner(now);
  last_write_ = now;
  ++group_.heartbeat;
  try {
    const std::filesystem::path path = folder_.group(group_.run_id);
    proto::make_folders(path.parent_path(), folder_.disk());
    proto::write_group(path, group_, folder_.disk());
    has_written_ = true;
    is_disk_full_ = is_failing_ = false;
    return true;
  } catch (const proto::DiskError& error) {
    tolerate(error);
    return false;
  }
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

/// A full disk gets room as chunks are used up, a folder that was deleted during a write is made by
/// the next one, and a folder that could be written once is a running system's trouble.
void RunHeartbeat::tolerate(const proto::DiskError& error) {
  is_disk_full_ = error.is_full();
  if (error.reason() == ENOENT) return;
  if (!error.is_full() && !has_written_) throw error;
  if (!std::exchange(is_failing_, true)) {
    spdlog::warn("{}; going on, and trying again", error.what());
  }
}

}  // namespace millrace::queue
