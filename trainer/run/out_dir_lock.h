// Holds a run's output folder against a second `train`: two would mix their metrics and overwrite
// each other's checkpoints. Free of LibTorch.
//
// The holder locks OUT/train.lock, and writes into it who it is and, again and again, a higher
// count. A lock ends with its holder, so after a crash nobody waits. A holder whose file is removed
// makes and locks it anew; one that finds another's there has lost the folder. Where locks reach
// nobody (a file system without them) or not the other host, a newcomer looks whether the holder
// lives: on this machine by its process id, elsewhere by the count, which it watches for some
// seconds.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "proto/disk.h"

namespace millrace::trainer {

struct OutDirLockTiming {
  std::chrono::milliseconds write_every{1000};
  std::chrono::milliseconds watch_for{5000};
};

class OutDirLock {
 public:
  /// Makes the folder if it is missing, and takes it. Throws config::UsageError where another
  /// process holds it, where it is no folder, or where train.lock is a link or somebody else's
  /// file; DiskError where it cannot be written. `disk` must outlive the object, and be safe to use
  /// from a thread.
  explicit OutDirLock(const std::filesystem::path& out_dir, proto::Disk& disk = proto::real_disk(),
                      OutDirLockTiming timing = {});
  /// Removes train.lock, and the folder if it was made here and is empty.
  ~OutDirLock();
  OutDirLock(const OutDirLock&) = delete;
  OutDirLock& operator=(const OutDirLock&) = delete;

  /// Throws std::runtime_error where another process has taken the folder meanwhile, as it may
  /// where locks do not work and this process stood still. Any thread.
  void check() const;

  static constexpr const char* kFile = "train.lock";

 private:
  /// Who holds the folder: the content of the file.
  struct Holder {
    std::string id;  ///< new for each OutDirLock
    std::string host;
    std::string boot;           ///< of the host; others have other process ids
    std::string pid_namespace;  ///< of the process; the same
    std::int64_t pid = 0;
    std::uint64_t started = 0;  ///< clock ticks since the boot
    std::string folder;         ///< which one it holds, by device and inode: a copy is another
    std::uint64_t count = 0;
  };

  static Holder this_process(const std::filesystem::path& out_dir);
  static std::optional<Holder> holder_from(const std::string& text);
  static bool is_alive(const Holder& holder);

  /// Throws UsageError where the file, which was there, is that of a living process.
  void refuse_the_living();
  [[noreturn]] void refuse(const std::optional<Holder>& holder) const;
  [[nodiscard]] std::optional<std::string> read() const;
  void write();
  void write_again_until(const std::stop_token& stop);

  std::filesystem::path out_dir_;
  std::filesystem::path path_;
  proto::Disk& disk_;
  OutDirLockTiming timing_;
  bool made_folder_;
  Holder self_;
  std::shared_ptr<const void> lock_;
  std::atomic<bool> lost_ = false;
  std::jthread writer_;  ///< last: it ends before the rest does
};

}  // namespace millrace::trainer
