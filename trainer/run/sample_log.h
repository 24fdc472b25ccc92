// --record-stream: one line per sample that this rank consumed, `step split index stage digest`. Free of LibTorch.
//
// `step` counts completed steps, so a line of step 1 was used by the first one; a val line carries
// the step that it follows. `stage` is the sample's stage column (0 without one), the digest is
// proto::sample_digest. Several ranks may share the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "proto/batch.h"
#include "proto/schema.h"
#include "trainer/run/append_log.h"

namespace millrace::trainer {

class SampleLog {
 public:
  /// Goes on from `step`: lines of later steps are cut. All ranks must have done so before one of
  /// them commits.
  SampleLog(const std::filesystem::path& path, const proto::Schema& schema, std::uint64_t step);

  /// Notes every sample of the batch.
  void add(const proto::Batch& batch);
  /// Writes what was noted, as of `step`.
  void commit(std::uint64_t step);
  /// Before a checkpoint is saved, whose step the lines lead up to.
  void sync() { file_.sync(); }
  /// Forgets what was noted: the samples were not used after all.
  void discard() { noted_.clear(); }

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

/// The step in a line of a record.
[[nodiscard]] std::optional<std::uint64_t> step_of_record_line(std::string_view line);

}  // namespace millrace::trainer
