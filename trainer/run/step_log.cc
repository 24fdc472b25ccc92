// Gauges, health and lines of a run's steps (step_log.h).
#include "trainer/run/step_log.h"

#include "trainer/base/log.h"

namespace millrace::trainer {

StepLog::StepLog(const RunSchedule& schedule, telemetry::Monitor& watch,
                 std::uint64_t tokens_per_step)
    : schedule_(schedule),
      health_(watch.health()),
      watched_(watch.registry()),
      tokens_per_step_(tokens_per_step) {}

void StepLog::open(const std::filesystem::path& out_dir, std::uint64_t step) {
  metrics_.emplace(out_dir, step, schedule_.last_step(), tokens_per_step_);
}

void StepLog::sync() {
  if (metrics_) metrics_->sync();
}

void StepLog::at(std::uint64_t step) {
  watched_.step.set(static_cast<double>(step));
  health_.alive("step " + std::to_string(step) + " of " + std::to_string(schedule_.last_step()));
}

void StepLog::tell(const TrainPoint& point, double step_ms, double stall_ms) {
  watched_.loss.set(point.loss);
  watched_.learning_rate.set(point.learning_rate);
  watched_.gradient_norm.set(point.grad_norm);
  watched_.step_seconds.add(step_ms / 1e3);
  watched_.wait_seconds.add(stall_ms / 1e3);
  watched_.wait_ratio.set(stall_ms / step_ms);
}

void StepLog::add(TrainPoint point, double step_ms, double stall_ms) {
  tell(point, step_ms, stall_ms);
  ++since_line_.steps;
  since_line_.step_ms += step_ms;
  since_line_.stall_ms += stall_ms;
  const bool record = schedule_.should_log(point.step);
  const bool last = point.step == schedule_.last_step();
  if (!metrics_ || (!record && !last)) return;
  point.tokens = point.step * tokens_per_step_;
  point.epoch = schedule_.epochs(point.step);
  point.step_ms = since_line_.step_ms / since_line_.steps;
  point.stall_ms = since_line_.stall_ms / since_line_.steps;
  metrics_->show(point);
  // A run that goes on from here must write the lines of one that never stopped.
  if (!record) return;
  metrics_->add(point);
  since_line_ = {};
}

void StepLog::add(std::uint64_t step, const ValidationResult& evaluation) {
  watched_.val_loss.set(evaluation.loss);
  if (metrics_) metrics_->add(step, evaluation);
}

void StepLog::left_out(const std::string& line) {
  watched_.bad_steps.add();
  if (metrics_) log_warning(line);
}

}  // namespace millrace::trainer
