// Decides which checkpoint a run resumes from, if any, and whether the recipe still fits it. Free
// of LibTorch.
#pragma once

#include <optional>
#include <string>

#include "config/options.h"
#include "proto/checkpoint.h"

namespace millrace::trainer {

enum class Resume {
  kNo,      ///< a new run; an out_dir that holds a checkpoint is refused
  kNewest,  ///< --resume
  kAuto,    ///< --resume=auto: the newest, or a new run where there is none
  kFolder,  ///< --resume=DIR
};

struct ResumeRequest {
  Resume how = Resume::kNo;
  std::string folder;  ///< of kFolder
};

/// The request of the flag --resume: absent, without a value, "auto", or a folder.
[[nodiscard]] ResumeRequest resume_request(bool given, const std::optional<std::string>& value);

/// The checkpoint to resume from; empty for a new run. Logs which ones it skipped as damaged.
/// Throws UsageError where the request cannot be met, where somebody else's file has a name that
/// the run needs, or, with both values, where a setting that shapes stream, model or optimizer
/// differs from the checkpoint's.
[[nodiscard]] std::optional<proto::Checkpoint> find_start(const config::Options& options,
                                                          const ResumeRequest& request);

}  // namespace millrace::trainer
