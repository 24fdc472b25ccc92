// The training run: waits for data, trains, evaluates, saves, and stops at the same step on all
// ranks. Free of LibTorch.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/options.h"
#include "trainer/checkpoint/resume.h"

namespace millrace::trainer {

struct TrainRequest {
  ResumeRequest resume;
  std::optional<std::string> record_path;  ///< --record-stream
};

/// One rank, up to max_iters or max_epochs or until the process is asked to stop, which saves a
/// checkpoint first. Throws UsageError for what cannot be started, std::runtime_error for what
/// fails later; the last checkpoint stays whole in either case.
void train(const config::Options& options, const TrainRequest& request);

/// One recipe after the other in one process, each as with --resume=auto; those that are done
/// already are skipped, with a line that says so. Ends where the process is asked to stop. `each`
/// is not empty, and differs in data.dataset, train.out_dir and queue.uri alone.
void train_all(const std::vector<config::Options>& each);

}  // namespace millrace::trainer
