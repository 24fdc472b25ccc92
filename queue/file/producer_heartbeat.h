// The signs of life of producers on a queue folder: each writes a small file again and again, so
// that a trainer that finds several streams prefers one that is still made.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "queue/ends/clock.h"
#include "queue/file/folder.h"

namespace millrace::queue {

/// How often a producer writes its file, while no chunk takes longer.
inline constexpr std::chrono::seconds kProducerBeatsEvery{1};
/// How long a trainer watches the files.
inline constexpr std::chrono::milliseconds kProducersWatchedFor{2500};
/// A producer's file that is so much older than a new one is a dead producer's.
inline constexpr std::chrono::hours kProducerFileKept{1};

class ProducerHeartbeat {
 public:
  explicit ProducerHeartbeat(Folder folder);
  /// A clean end: removes the file.
  ~ProducerHeartbeat();
  ProducerHeartbeat(const ProducerHeartbeat&) = delete;
  ProducerHeartbeat& operator=(const ProducerHeartbeat&) = delete;

  /// Writes the file if the last time is kProducerBeatsEvery ago. No error of the disk is one of
  /// the producer's. The first time removes the files of dead producers.
  void beat(Time now);

 private:
  void remove_old() const;

  Folder folder_;
  std::filesystem::path file_;
  std::uint64_t beats_ = 0;
  std::optional<Time> last_;
};

/// Which of several streams have a producer, as far as a trainer has seen by now.
class ProducerMonitor {
 public:
  /// Looks at a stream's files. Whether one of them has changed since the first look. Throws
  /// DiskError where they cannot be listed.
  [[nodiscard]] bool alive(const Folder& folder, Time now);
  /// Whether every stream has been looked at for kProducersWatchedFor.
  [[nodiscard]] bool has_seen_enough(Time now) const;

 private:
  struct Seen {
    Time first;
    std::map<std::string, std::string> files;  ///< content by name
    bool alive = false;
  };
  std::map<std::filesystem::path, Seen> seen_;
};

}  // namespace millrace::queue
