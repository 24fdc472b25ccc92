// A training run: waits for data, trains, evaluates, saves, and stops at the same step on all
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

/// Trains as one rank, up to max_iters or max_epochs, or until the process is asked to stop, which
/// saves a checkpoint first. Throws UsageError where the run cannot start, std::runtime_error where
/// it fails later; the last checkpoint stays complete in either case.
void train(const config::Options& options, const TrainRequest& request);

/// Trains one recipe after the other in one process, each as with --resume=auto. Recipes that are
/// done already are skipped, with a line that says so. Ends early where the process is asked to
/// stop. `recipes` is not empty; they differ in data.dataset, train.out_dir and queue.uri alone.
void train_all(const std::vector<config::Options>& recipes);

}  // namespace millrace::trainer
