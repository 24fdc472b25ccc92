// The books of a run on one rank: its state, its logs and its checkpoints.
//
// They hold the committed history. A step's samples enter them when it is launched, its numbers
// once it is done, and a checkpoint is written when all launched steps are done. Rank 0 writes the
// files that ranks share; each rank records its own samples, though several may append to one file.
// One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "config/options.h"
#include "proto/checkpoint.h"
#include "telemetry/monitor.h"
#include "trainer/data/step_loader.h"
#include "trainer/distributed/process_group.h"
#include "trainer/run/run_schedule.h"
#include "trainer/run/sample_log.h"
#include "trainer/run/step_log.h"
#include "trainer/training/start.h"
#include "trainer/training/train_step.h"

namespace millrace::trainer {

class RunBooks {
 public:
  /// `state`: the start's, with this run's stream and machine. All else outlives this.
  RunBooks(const config::Options& options, proto::TrainerState state, ProcessGroup& ranks,
           telemetry::Monitor& monitor, const RunSchedule& schedule);

  /// Keeps the output folder. Loads the checkpoint that the run resumes from, if any, into rank 0's
  /// `step`, and warns where it was made on another machine.
  void restore(const Start& start, TrainStep& step);
  /// Cuts the files of an earlier run back to this step, on every rank before the first appends.
  /// `record_path`: --record-stream.
  void open(const std::optional<std::string>& record_path);

  [[nodiscard]] const proto::TrainerState& state() const { return state_; }
  [[nodiscard]] StepLog& log() { return log_; }

  /// Logs a line where the coming step has another stage than the step before it.
  void announce_stage(std::uint8_t stage);
  /// A step was launched: the cursor moves past its samples, and this rank's are recorded.
  void add_step(const GlobalBatch& batch);
  /// The last step ends this epoch, and its checkpoint will be kept for good.
  void keep_epoch(std::uint64_t epoch) { state_.epoch_steps[epoch] = state_.step; }

  /// This rank has evaluated a val batch.
  void add_evaluated(const proto::Batch& batch);
  /// An evaluation has ended. Empty: it was cut short, and is due again when the run is resumed.
  void add_evaluation(const std::optional<ValidationResult>& result);
  /// Counts an evaluation under schedule plateau. True: the next stage begins with the next step.
  [[nodiscard]] bool advance_stage(double val_loss);
  /// Whether this is the lowest val loss so far, at the last step, which is then the best.
  [[nodiscard]] bool is_best(double val_loss);

  /// Saves a checkpoint of the last step, which must be done and have a finite loss and gradient.
  /// Nothing where it is saved already.
  void save(TrainStep& step);
  /// The folder of the last checkpoint; empty: none yet.
  [[nodiscard]] const std::string& last_checkpoint() const { return last_checkpoint_; }

 private:
  const config::Options& options_;
  ProcessGroup& ranks_;
  proto::TrainerState state_;
  std::uint64_t step_samples_;  ///< of all ranks
  StepLog log_;
  std::optional<SampleLog> samples_;  ///< --record-stream
  /// The last step's, where the trainer names the stages.
  std::optional<std::uint8_t> announced_stage_;
  std::string last_checkpoint_;
  std::shared_ptr<const OutDirLock> out_dir_;  ///< on rank 0
  bool saved_ = true;                          ///< the last checkpoint holds the state
};

}  // namespace millrace::trainer
