// The layout of a queue folder:
//
//     Q/<fingerprint>/meta.json                      the stream's meta
//     Q/<fingerprint>/train/000000004096.chunk       queue files, one aligned chunk each; val/ and test/ alike
//     Q/<fingerprint>/train/000000004096.claim       a producer is at work on this chunk
//     Q/<fingerprint>/groups/<run id>/group.json     a training run's cursor and window
//     Q/<fingerprint>/quarantine/                    damaged files, kept for a look
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>

#include "proto/types.h"

namespace millrace::queue {

class Folder {
 public:
  Folder(const std::filesystem::path& queue, const std::string& fingerprint) : root_(queue / fingerprint) {}

  [[nodiscard]] const std::filesystem::path& root() const { return root_; }
  [[nodiscard]] std::filesystem::path meta() const { return root_ / kMeta; }
  [[nodiscard]] std::filesystem::path split(proto::Split split) const { return root_ / proto::to_string(split); }
  [[nodiscard]] std::filesystem::path chunk(proto::Split split, std::uint64_t first) const;
  [[nodiscard]] std::filesystem::path claim(proto::Split split, std::uint64_t first) const;
  [[nodiscard]] std::filesystem::path groups() const { return root_ / "groups"; }
  [[nodiscard]] std::filesystem::path group(const std::string& run_id) const { return groups() / run_id / "group.json"; }
  [[nodiscard]] std::filesystem::path quarantine() const { return root_ / "quarantine"; }

  /// First indices of the chunks that are there; empty where the folder is missing.
  [[nodiscard]] std::set<std::uint64_t> chunks(proto::Split split) const;

  static constexpr const char* kMeta = "meta.json";

 private:
  std::filesystem::path root_;
};

}  // namespace millrace::queue
