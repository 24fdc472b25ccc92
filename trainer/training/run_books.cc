// State, logs and checkpoints of a run (run_books.h).
#include "trainer/training/run_books.h"

#include <filesystem>
#include <utility>

#include "config/sizes.h"
#include "trainer/base/log.h"
#include "trainer/checkpoint/checkpoint.h"
#include "trainer/device/machine.h"
#include "trainer/run/stage_plan.h"

namespace millrace::trainer {
namespace {

/// Whether a path leads into a folder, by its words or through links of its parent folders.
bool is_below(const std::filesystem::path& path, const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  const auto leads_into = [](const fs::path& from, const fs::path& into) {
    const fs::path rest = from.lexically_relative(into);
    return !rest.empty() && *rest.begin() != "..";
  };
  const fs::path parent = fs::absolute(path).lexically_normal().parent_path();
  return leads_into(parent, (fs::absolute(folder) / "").lexically_normal().parent_path()) ||
         leads_into(fs::weakly_canonical(parent), fs::weakly_canonical(folder));
}

}  // namespace

RunBooks::RunBooks(const config::Options& options, proto::TrainerState state, ProcessGroup& ranks,
                   telemetry::Monitor& monitor, const RunSchedule& schedule)
    : options_(options),
      ranks_(ranks),
      state_(std::move(state)),
      step_samples_(config::global_batch(options)),
      log_(schedule, monitor, step_samples_ * state_.meta.block_size) {}

void RunBooks::restore(const Start& start, TrainStep& step) {
  out_dir_ = start.out_dir;
  if (!start.resumed) return;
  warn_of_other_machine(start.state, state_);
  step.loss_scale().restore(state_.loss_scale, state_.loss_scale_good);
  const bool reads = ranks_.is_rank0();
  last_checkpoint_ = reads ? start.folder.string() : proto::checkpoint_name(state_.step);
  if (!reads) return;
  load_model(start.folder, step.model());
  load_optimizer(start.folder, step.optimizer());
  if (step.ema() != nullptr) load_ema(start.folder, *step.ema());
  log_info("resuming from " + start.folder.string() + ", step " + std::to_string(state_.step));
}

void RunBooks::open(const std::optional<std::string>& record_path) {
  if (ranks_.is_rank0()) {
    proto::roll_back_to(options_.train.out_dir, state_.step, proto::links_of(state_));
    log_.open(options_.train.out_dir, state_.step);
  }
  if (record_path) {
    const LogLinks links =
        is_below(*record_path, options_.train.out_dir) ? LogLinks::kRefused : LogLinks::kFollowed;
    samples_.emplace(*record_path, state_.meta.schema, state_.step, links);
  }
  ranks_.barrier("opening the output files");
  log_.at(state_.step);
}

void RunBooks::announce_stage(std::uint8_t stage) {
  const auto before = std::exchange(announced_stage_, stage);
  if (!ranks_.is_rank0() || before == stage) return;
  const std::string why = before ? why_left(options_.provider, *before) : "";
  log_info(stage_line(state_.meta, stage, state_.step + 1) + (why.empty() ? "" : ": " + why));
}

void RunBooks::add_step(const GlobalBatch& batch) {
  ++state_.step;
  state_.cursor += step_samples_;
  saved_ = false;
  for (const MicroBatch& micro : batch.micro_batches) log_.used(micro.wire.range.count);
  log_.at(state_.step);
  if (!samples_) return;
  const LongWork work(ranks_, "writing the record of samples");
  for (const MicroBatch& micro : batch.micro_batches) samples_->add(micro.wire);
  samples_->commit(state_.step);
}

void RunBooks::add_evaluated(const proto::Batch& batch) {
  if (samples_) samples_->add(batch);
}

void RunBooks::add_evaluation(const std::optional<ValidationResult>& result) {
  state_.evaluation_due = !result;
  saved_ = false;
  const LongWork work(ranks_, "writing metrics");
  if (samples_) result ? samples_->commit(state_.step) : samples_->discard();
  if (result) log_.add(state_.step, *result);
}

bool RunBooks::advance_stage(double val_loss) {
  return count_evaluation(options_.provider, val_loss, state_);
}

bool RunBooks::is_best(double val_loss) {
  if (!improves(val_loss, state_.best_val_loss)) return false;
  state_.best_val_loss = val_loss;
  state_.best_step = state_.step;
  return true;
}

void RunBooks::save(TrainStep& step) {
  if (saved_) return;
  saved_ = true;
  const LongWork work(ranks_, "saving a checkpoint");
  state_.loss_scale = step.loss_scale().value();
  state_.loss_scale_good = step.loss_scale().good_steps();
  log_.sync();
  if (samples_) samples_->sync();
  if (ranks_.is_rank0()) {
    if (out_dir_) out_dir_->check();
    save_checkpoint(options_, state_, step.model(), step.optimizer(), step.ema());
  }
  last_checkpoint_ =
      (std::filesystem::path(options_.train.out_dir) / proto::checkpoint_name(state_.step))
          .string();
}

}  // namespace millrace::trainer
