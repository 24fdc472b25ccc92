// metrics.jsonl in the output folder, and the progress line on stderr; rank 0 alone writes them.
// Free of LibTorch.
//
//     {"step":10,"split":"train","loss":3.1,"lr":0.001,"tokens":40960,"step_ms":110.2,
//      "stall_ms":0.1,"grad_norm":1.2}                                (one line in the file)
//     {"step":250,"split":"val","loss":1.9,"samples":6400,"accuracy":0.43,"stages":{"default":1.9}}
//
// `step` counts completed steps. A train line has the loss of that step and the mean times since
// the last line. `tokens` counts train tokens over all ranks since the run's first step. `stall_ms`
// is the part of step_ms spent waiting for data. Where the trainer names the stages, a train line
// has the stage of its step: "stage":2. Where the recipe counts epochs, it has how many are done:
// "epoch":1.25. A number that is not finite is null.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "trainer/run/append_log.h"
#include "trainer/run/validation_result.h"

namespace millrace::trainer {

/// One train line.
struct TrainPoint {
  std::uint64_t step = 0;
  double loss = 0.0;  ///< nats per weight
  double learning_rate = 0.0;
  double grad_norm = 0.0;  ///< before clipping
  std::uint64_t tokens = 0;
  double step_ms = 0.0;
  double stall_ms = 0.0;
  std::optional<std::uint8_t> stage{};  ///< where the trainer names it
  std::optional<double> epoch{};        ///< epochs done, where the recipe counts them
};

[[nodiscard]] std::string to_line(const TrainPoint& point);
[[nodiscard]] std::string to_line(std::uint64_t step, const ValidationResult& result);
/// The step of a line of metrics.jsonl; empty for any other text.
[[nodiscard]] std::optional<std::uint64_t> step_of_metrics_line(std::string_view line);

/// Throws config::UsageError where OUT_DIR/metrics.jsonl is not a run's: it would be cut.
void refuse_foreign_metrics(const std::filesystem::path& out_dir);

class Metrics {
 public:
  /// Opens OUT_DIR/metrics.jsonl and removes lines of steps after `step`. `last_step` and
  /// `tokens_per_step` are for the progress line.
  Metrics(const std::filesystem::path& out_dir, std::uint64_t step, std::uint64_t last_step,
          std::uint64_t tokens_per_step);
  /// Appends a train line to the file.
  void add(const TrainPoint& point);
  /// Logs the progress line.
  void show(const TrainPoint& point) const;
  /// Appends an evaluation's line to the file, and logs it.
  void add(std::uint64_t step, const ValidationResult& result);
  /// Makes the file durable; called before a checkpoint of its last step is saved.
  void sync() { file_.sync(); }

 private:
  AppendLog file_;
  std::uint64_t last_step_;
  std::uint64_t tokens_per_step_;
};

}  // namespace millrace::trainer
