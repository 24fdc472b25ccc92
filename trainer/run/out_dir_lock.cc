// The lock of an output folder (out_dir_lock.h).
#include "trainer/run/out_dir_lock.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "config/errors.h"
#include "proto/files.h"
#include "proto/json_text.h"
#include "trainer/base/log.h"

namespace millrace::trainer {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// How the file begins.
constexpr std::string_view kBegin = R"({"held_by":"millrace train")";
constexpr std::chrono::milliseconds kLookEvery{100};

std::string first_line(const fs::path& path) {
  std::string line;
  std::ifstream file(path);
  std::getline(file, line);
  return line;
}

struct ProcessStatus {
  char state = 'X';
  std::uint64_t started = 0;
};

/// Empty: there is no such process.
std::optional<ProcessStatus> status_of(const std::string& process) {
  // "PID (NAME) STATE …", where NAME may hold anything; the start is field 22 (proc(5)).
  const std::string line = first_line("/proc/" + process + "/stat");
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(name_end + 1));
  ProcessStatus status;
  fields >> status.state;
  std::string skipped;
  for (int field = 4; field < 22; ++field) fields >> skipped;
  fields >> status.started;
  return fields ? std::optional(status) : std::nullopt;
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

/// Device and inode; empty where there is no such folder.
std::string identity_of(const fs::path& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return {};
  return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

/// Whether a file's content, of which only the beginning may be there, is ours. A power cut may
/// leave zeros.
bool is_ours(std::string_view content) {
  return content.starts_with('\0') || kBegin.starts_with(content) || content.starts_with(kBegin);
}

}  // namespace

OutDirLock::Holder OutDirLock::this_process(const fs::path& out_dir) {
  std::error_code ignored;
  const auto status = status_of("self");
  return {.id = proto::random_id(),
          .host = host_name(),
          .boot = first_line("/proc/sys/kernel/random/boot_id"),
          .pid_namespace = fs::read_symlink("/proc/self/ns/pid", ignored).string(),
          .pid = ::getpid(),
          .started = status ? status->started : 0,
          .folder = identity_of(out_dir)};
}

std::optional<OutDirLock::Holder> OutDirLock::holder_from(const std::string& text) try {
  const Json json = proto::read_ordered_json(text);
  return Holder{.id = json.at("id").get<std::string>(),
                .host = json.at("host").get<std::string>(),
                .boot = json.at("boot").get<std::string>(),
                .pid_namespace = json.at("pid_namespace").get<std::string>(),
                .pid = json.at("pid").get<std::int64_t>(),
                .started = json.at("started").get<std::uint64_t>(),
                .folder = json.value("folder", ""),
                .count = json.at("count").get<std::uint64_t>()};
} catch (const Json::exception&) {  // half written, or cut
  return std::nullopt;
}

bool OutDirLock::is_alive(const Holder& holder) {
  const auto status = status_of(std::to_string(holder.pid));
  return status && status->started == holder.started && status->state != 'Z' &&
         status->state != 'X';
}

OutDirLock::OutDirLock(const fs::path& out_dir, proto::Disk& disk, OutDirLockTiming timing)
    : out_dir_(out_dir),
      path_(out_dir / kFile),
      disk_(disk),
      timing_(timing),
      made_folder_(!disk.stat(out_dir)) {
  proto::make_durable_folders(out_dir_, disk_);
  if (const auto there = disk_.stat(out_dir_); !there || !there->is_folder) {
    throw config::UsageError(out_dir_.string() +
                             " is not a folder; choose another --train.out_dir");
  }
  if (disk_.link_target(path_)) {
    throw config::UsageError(path_.string() +
                             " is a link, and train writes the file again and again; remove it, or "
                             "choose another --train.out_dir");
  }
  self_ = this_process(out_dir_);
  const bool made_file = disk_.create(path_);
  lock_ = disk_.lock(path_);
  if (!lock_) refuse(holder_from(read().value_or("")));
  if (!made_file) refuse_the_living();
  try {
    write();
  } catch (const proto::DiskError&) {
    proto::try_remove_all(path_, disk_);
    throw;
  }
  writer_ = std::jthread([this](const std::stop_token& stop) { write_again_until(stop); });
}

OutDirLock::~OutDirLock() {
  writer_.request_stop();
  if (writer_.joinable()) writer_.join();
  if (lost_) return;
  proto::try_remove_all(path_, disk_);
  try {
    if (made_folder_) disk_.remove(out_dir_);  // fails where it holds anything
  } catch (const proto::DiskError&) {
  }
}

void OutDirLock::check() const {
  if (!lost_) return;
  throw std::runtime_error(out_dir_.string() + " was taken by another process (" + path_.string() +
                           ") while this one stood still; nothing more is saved here");
}

void OutDirLock::refuse_the_living() {
  const std::string text = read().value_or("");
  if (!is_ours(text)) {
    throw config::UsageError(path_.string() +
                             " is not of a run, and train needs the name; move it, or choose "
                             "another --train.out_dir");
  }
  const auto holder = holder_from(text);
  const bool same_machine = holder && holder->boot == self_.boot;
  const bool sees_it = same_machine && holder->pid_namespace == self_.pid_namespace;
  if (sees_it && holder->folder == self_.folder && is_alive(*holder)) refuse(holder);
  // Where locks work, this process cannot have the same one twice.
  const bool locks_work = disk_.lock(path_) == nullptr;
  if (sees_it || (same_machine && locks_work)) return;
  log_info("looking for " + std::to_string(timing_.watch_for.count() / 1000) +
           " s whether another process trains into " + out_dir_.string() + " (" + path_.string() +
           ")");
  const auto end = std::chrono::steady_clock::now() + timing_.watch_for;
  while (std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(kLookEvery);
    const std::string now = read().value_or("");
    if (const auto other = holder_from(now); other && now != text) refuse(other);
  }
}

void OutDirLock::refuse(const std::optional<Holder>& holder) const {
  const std::string who =
      holder ? "process " + std::to_string(holder->pid) + " on " + holder->host : "another process";
  throw config::UsageError(out_dir_.string() + " is being trained into by " + who + " (" +
                           path_.string() + "): stop it, or choose another --train.out_dir");
}

std::optional<std::string> OutDirLock::read() const {
  const auto content = disk_.read(path_, proto::Disk::kAll);
  return content ? std::optional(std::string(proto::text(content->bytes))) : std::nullopt;
}

void OutDirLock::write() {
  ++self_.count;
  const Json json{{"held_by", "millrace train"},
                  {"id", self_.id},
                  {"host", self_.host},
                  {"boot", self_.boot},
                  {"pid_namespace", self_.pid_namespace},
                  {"pid", self_.pid},
                  {"started", self_.started},
                  {"folder", self_.folder},
                  {"count", self_.count}};
  const std::string text = proto::json_text(json) + "\n";
  const std::string_view piece = text;
  disk_.write(path_, std::span(&piece, 1));  // in place: the lock is the file's
}

void OutDirLock::write_again_until(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  for (;;) {
    stopped.wait_for(lock, stop, timing_.write_every, [] { return false; });
    if (stop.stop_requested()) return;
    try {
      const auto holder = holder_from(read().value_or(""));
      lost_ = holder && holder->id != self_.id;
      if (lost_) return;
      // Null while the lock is that of the file. If somebody has removed it, this makes it anew.
      if (auto anew = disk_.lock(path_)) lock_ = std::move(anew);
      write();
    } catch (const std::exception&) {  // a full disk, or a folder that somebody removed
    }
  }
}

}  // namespace millrace::trainer
