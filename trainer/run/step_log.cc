// Gauges, health and lines of a run's steps (step_log.h).
#include "trainer/run/step_log.h"

#include "trainer/base/log.h"

namespace millrace::trainer {

StepLog::StepLog(const RunSchedule& schedule, telemetry::Monitor& monitor,
                 std::uint64_t tokens_per_step)
    : schedule_(schedule),
      health_(monitor.health()),
      metrics_(monitor.registry()),
      tokens_per_step_(tokens_per_step) {}

void StepLog::open(const std::filesystem::path& out_dir, std::uint64_t step) {
  lines_.emplace(out_dir, step, schedule_.last_step(), tokens_per_step_);
}

void StepLog::sync() {
  if (lines_) lines_->sync();
}

void StepLog::at(std::uint64_t step) {
  metrics_.step.set(static_cast<double>(step));
  health_.alive("step " + std::to_string(step) + " of " + std::to_string(schedule_.last_step()));
}

void StepLog::set_gauges(const TrainPoint& point, double step_ms, double stall_ms) {
  metrics_.loss.set(point.loss);
  metrics_.learning_rate.set(point.learning_rate);
  metrics_.gradient_norm.set(point.grad_norm);
  metrics_.step_seconds.add(step_ms / 1e3);
  metrics_.wait_seconds.add(stall_ms / 1e3);
  metrics_.wait_ratio.set(stall_ms / step_ms);
}

void StepLog::add(TrainPoint point, double step_ms, double stall_ms) {
  set_gauges(point, step_ms, stall_ms);
  if (!lines_) return;
  ++since_line_.steps;
  since_line_.step_ms += step_ms;
  since_line_.stall_ms += stall_ms;
  const bool has_line = schedule_.should_log(point.step);
  const bool last = point.step == schedule_.last_step();
  if (!has_line && !last) return;
  const auto steps = static_cast<double>(since_line_.steps);
  point.tokens = point.step * tokens_per_step_;
  point.epoch = schedule_.epochs(point.step);
  point.step_ms = since_line_.step_ms / steps;
  point.stall_ms = since_line_.stall_ms / steps;
  lines_->show(point);
  // A last step that has no line is shown but not written: a run that is resumed from it, with a
  // later end, must write the lines of a run that never stopped.
  if (!has_line) return;
  lines_->add(point);
  since_line_ = {};
}

void StepLog::add(std::uint64_t step, const ValidationResult& result) {
  metrics_.val_loss.set(result.loss);
  if (lines_) lines_->add(step, result);
}

void StepLog::skipped(const std::string& line) {
  metrics_.bad_steps.add();
  if (lines_) log_warning(line);
}

}  // namespace millrace::trainer
