// What a run tells of its steps: every rank its gauges and its health, rank 0 lines in
// metrics.jsonl and on stderr. Free of LibTorch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "telemetry/health.h"
#include "telemetry/monitor.h"
#include "telemetry/stream_metrics.h"
#include "trainer/run/metrics.h"
#include "trainer/run/run_schedule.h"

namespace millrace::trainer {

class StepLog {
 public:
  /// Agenda and watch outlive this.
  StepLog(const RunSchedule& schedule, telemetry::Monitor& watch, std::uint64_t tokens_per_step);

  /// On rank 0: goes on with metrics.jsonl from `step`. The other ranks write no lines.
  void open(const std::filesystem::path& out_dir, std::uint64_t step);
  /// Before a checkpoint is saved, whose step the lines lead up to.
  void sync();

  /// So many steps are done.
  void at(std::uint64_t step);
  /// This rank used so many samples for a step.
  void used(std::uint32_t samples) { watched_.samples.add(samples); }
  /// The step that was just done took so long, of which it waited for data so long. Tokens, epochs
  /// and times are filled in here: the times of a line are the mean since the line before.
  void add(TrainPoint point, double step_ms, double stall_ms);
  void add(std::uint64_t step, const ValidationResult& evaluation);
  /// The step that was just done changed nothing; `line` says why.
  void left_out(const std::string& line);

 private:
  void tell(const TrainPoint& point, double step_ms, double stall_ms);

  struct SinceLine {
    double step_ms = 0.0, stall_ms = 0.0;
    int steps = 0;
  };

  const RunSchedule& schedule_;
  telemetry::Health& health_;
  const telemetry::TrainMetrics watched_;
  std::uint64_t tokens_per_step_;
  std::optional<Metrics> metrics_;  ///< rank 0 alone
  SinceLine since_line_;
};

}  // namespace millrace::trainer
