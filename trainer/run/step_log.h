// Reports a run's steps: on every rank as gauges and health of its monitor, and on rank 0 as lines
// in metrics.jsonl and on stderr. Free of LibTorch.
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
  /// `schedule` and `monitor` outlive this.
  StepLog(const RunSchedule& schedule, telemetry::Monitor& monitor, std::uint64_t tokens_per_step);

  /// Opens metrics.jsonl, which then ends with `step`. For rank 0: a rank that has not opened it
  /// writes no lines.
  void open(const std::filesystem::path& out_dir, std::uint64_t step);
  /// Makes metrics.jsonl durable; called before a checkpoint of its last step is saved.
  void sync();

  /// `step` steps are completed.
  void at(std::uint64_t step);
  /// This rank used `samples` samples for a step.
  void used(std::uint32_t samples) { metrics_.samples.add(samples); }
  /// A step is done. It took step_ms, of which it waited stall_ms for data. Tokens, epochs and
  /// times of `point` are filled in here; the times of a line are the mean since the last line.
  void add(TrainPoint point, double step_ms, double stall_ms);
  void add(std::uint64_t step, const ValidationResult& result);
  /// The last step changed nothing; `line` says why.
  void skipped(const std::string& line);

 private:
  void set_gauges(const TrainPoint& point, double step_ms, double stall_ms);

  struct SinceLine {
    double step_ms = 0.0, stall_ms = 0.0;
    std::uint64_t steps = 0;
  };

  const RunSchedule& schedule_;
  telemetry::Health& health_;
  const telemetry::TrainMetrics metrics_;
  std::uint64_t tokens_per_step_;
  std::optional<Metrics> lines_;  ///< rank 0 alone
  SinceLine since_line_;
};

}  // namespace millrace::trainer
