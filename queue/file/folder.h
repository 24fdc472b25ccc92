// The layout of a queue folder:
//
//     Q/<fingerprint>/meta.json                      the stream's meta
//     Q/<fingerprint>/train/000000004096.chunk       one aligned chunk; val/ and test/ alike
//     Q/<fingerprint>/train/000000004096.s3.chunk    at stage 3, where the trainer names the stages
//     Q/<fingerprint>/train/000000004096.claim       a producer is at work on this chunk
//     Q/<fingerprint>/groups/<run id>/group.json     a training run's cursor and window
//     Q/<fingerprint>/groups/<run id>/lock           locked by the process that trains it
//     Q/<fingerprint>/producers/<id>                 a producer's sign of life: a number that grows
//     Q/<fingerprint>/quarantine/                    damaged files, kept for inspection
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "proto/chunk_file.h"
#include "proto/disk.h"
#include "proto/meta.h"
#include "proto/types.h"

namespace millrace::queue {

class Folder {
 public:
  /// From now on `disk`, which must outlive the object, follows no links below `queue`. Throws
  /// std::runtime_error for a fingerprint that is no id (proto/file_name.h).
  Folder(const std::filesystem::path& queue, const std::string& fingerprint,
         proto::Disk& disk = proto::real_disk());

  [[nodiscard]] proto::Disk& disk() const { return *disk_; }
  [[nodiscard]] const std::filesystem::path& root() const { return root_; }
  [[nodiscard]] std::filesystem::path meta() const { return root_ / kMeta; }
  [[nodiscard]] std::filesystem::path split(proto::Split split) const {
    return root_ / proto::to_string(split);
  }
  [[nodiscard]] std::filesystem::path chunk(proto::Split split, const proto::ChunkKey& key) const;
  [[nodiscard]] std::filesystem::path claim(proto::Split split, const proto::ChunkKey& key) const;
  [[nodiscard]] std::filesystem::path groups() const { return root_ / "groups"; }
  /// The folder of a run. This and the next two throw std::runtime_error for a run id that is no id
  /// (proto/file_name.h): it may come from a checkpoint.
  [[nodiscard]] std::filesystem::path run(const std::string& run_id) const;
  [[nodiscard]] std::filesystem::path group(const std::string& run_id) const {
    return run(run_id) / kGroup;
  }
  [[nodiscard]] std::filesystem::path lock(const std::string& run_id) const {
    return run(run_id) / kLock;
  }
  [[nodiscard]] std::filesystem::path producers() const { return root_ / "producers"; }
  [[nodiscard]] std::filesystem::path quarantine() const { return root_ / "quarantine"; }

  /// The chunks that are present; empty if the folder is missing.
  [[nodiscard]] std::set<proto::ChunkKey> chunks(proto::Split split) const;

  static constexpr const char* kMeta = "meta.json";
  static constexpr const char* kGroup = "group.json";
  static constexpr const char* kLock = "lock";

 private:
  proto::Disk* disk_;
  std::filesystem::path root_;
};

/// The streams of a queue folder: the names in it that are ids. Throws DiskError for a folder that
/// cannot be read.
[[nodiscard]] std::vector<std::string> streams_in(const std::filesystem::path& queue,
                                                  proto::Disk& disk = proto::real_disk());
/// A stream's meta. Throws DiskError for a folder or file that cannot be read, another
/// std::runtime_error for one that holds no stream of that name.
[[nodiscard]] proto::StreamMeta read_meta(const Folder& folder);

/// The chunk for which Folder::claim has this file name; empty: none.
[[nodiscard]] std::optional<proto::ChunkKey> claimed_chunk(std::string_view file_name);

}  // namespace millrace::queue
