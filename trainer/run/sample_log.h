// The file of --record-stream: one line `step split index stage digest` for each sample that this
// rank used. Free of LibTorch.
//
// `step` counts completed steps: a train line of step 1 was used by the first step, a val line by
// the evaluation that follows its step. `stage` is the sample's stage column (0 without one), and
// the digest is proto::sample_digest. Several ranks may share the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/batch.h"
#include "proto/schema.h"
#include "trainer/run/append_log.h"

namespace millrace::trainer {

class SampleLog {
 public:
  /// Opens the file and removes lines of steps after `step`. All ranks must have done so before one
  /// of them commits.
  SampleLog(const std::filesystem::path& path, const proto::Schema& schema, std::uint64_t step,
            LogLinks links = LogLinks::kFollowed);

  /// Takes note of every sample of the batch.
  void add(const proto::Batch& batch);
  /// Appends the noted samples to the file, as those of `step`.
  void commit(std::uint64_t step);
  /// Drops the noted samples: they were not used after all.
  void discard() { noted_.clear(); }
  /// Makes the file durable; called before a checkpoint of its last step is saved.
  void sync() { file_.sync(); }

 private:
  struct Sample {
    proto::Split split;
    std::uint64_t index;
    unsigned stage;
    std::uint64_t digest;
  };

  proto::Schema schema_;
  AppendLog file_;
  std::vector<Sample> noted_;
};

/// The step of a line; empty for any other text.
[[nodiscard]] std::optional<std::uint64_t> step_of_record_line(std::string_view line);

}  // namespace millrace::trainer
