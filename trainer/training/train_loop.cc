// The training loop (train_loop.h).
#include "trainer/training/train_loop.h"

#include <algorithm>
#include <utility>

#include "trainer/base/clock.h"
#include "trainer/base/log.h"
#include "trainer/checkpoint/checkpoint.h"
#include "trainer/data/step_loader.h"
#include "trainer/device/machine.h"
#include "trainer/evaluation/validation_loss.h"
#include "trainer/optim/learning_rate.h"
#include "trainer/run/non_finite_steps.h"
#include "trainer/run/run_schedule.h"
#include "trainer/run/sample_log.h"
#include "trainer/run/stage_plan.h"
#include "trainer/run/step_log.h"
#include "trainer/training/gradient.h"
#include "trainer/training/train_step.h"

namespace millrace::trainer {
namespace {

class Trainer {
 public:
  Trainer(const config::Options& options, const Start& start, consumer::BatchSource& source,
          const TrainContext& place, const std::optional<std::string>& record_path)
      : options_(options),
        ranks_(place.ranks),
        source_(source),
        device_(place.device),
        precision_(place.precision),
        schedule_(options, agreed_epoch_samples(source.meta(), ranks_)),
        sharding_(deal_of(options.train, ranks_)),
        ahead_(place.ahead),
        learner_(options, source.meta(), device_, precision_, ranks_, place.record),
        loader_(source, learner_.objective(), ranks_, device_, place.watch.health()),
        log_(schedule_, place.watch,
             std::uint64_t{sharding_.global_batch()} * source_.meta().block_size),
        non_finite_steps_(options.train.max_bad_steps, start.state.step),
        state_(start.state) {
    state_.meta = source.meta();
    describe_machine(state_, device_, precision_, ranks_);
    if (start.resumed) restore(start);
    learner_.share();
    open_files(record_path);
    log_.at(state_.step);
    if (ranks_.is_rank0()) say_what_is_trained();
  }

  /// Up to the last step, or until a rank is asked to stop.
  void run() {
    learner_.model().train();
    if (state_.step >= schedule_.last_step()) log_info(schedule_.over(state_.step));
    bool going = !state_.evaluation_due || evaluate_now();
    while (going && state_.step < schedule_.last_step()) {
      auto begun = begin_step();
      if (!begun) break;
      finish_step();
      begun_ = std::move(begun);
      const std::uint64_t good = non_finite_steps_.last_good();
      if (ahead_ && !something_is_due(good)) continue;
      finish_step();
      if (!non_finite_steps_.in_streak()) going = do_what_is_due(good);
    }
    finish_step();
    end(going && state_.step >= schedule_.last_step());
  }

 private:
  void restore(const Start& start) {
    warn_of_other_machine(start.state, state_);
    learner_.loss_scale().restore(state_.loss_scale, state_.loss_scale_good);
    last_checkpoint_ =
        ranks_.is_rank0() ? start.folder.string() : proto::checkpoint_name(state_.step);
    if (!ranks_.is_rank0()) return;
    load_model(start.folder, learner_.model());
    load_optimizer(start.folder, learner_.optimizer());
    if (learner_.ema() != nullptr) load_ema(start.folder, *learner_.ema());
    log_info("resuming from " + start.folder.string() + ", step " + std::to_string(state_.step));
  }

  void say_what_is_trained() {
    std::int64_t parameters = 0;
    for (const auto& [name, tensor] : parameters_of(learner_.model())) parameters += tensor.numel();
    log_info("training " + std::to_string(parameters) + " parameters in " +
             name_of(precision_.compute) + " on " + device_.str() + ", " +
             std::to_string(ranks_.world_size()) + (ranks_.world_size() == 1 ? " rank" : " ranks") +
             "; a step takes " + std::to_string(sharding_.global_batch()) + " samples of " +
             std::to_string(source_.meta().block_size) + " tokens of stream " +
             state_.meta.fingerprint + " (" + state_.meta.dataset_name + ")");
    if (const std::string line = schedule_.about_epochs(); !line.empty()) log_info(line);
  }

  /// Cuts the files of an earlier run back to this step, on every rank before the first of them
  /// appends.
  void open_files(const std::optional<std::string>& record_path) {
    if (ranks_.is_rank0()) {
      proto::roll_back_to(options_.train.out_dir, state_.step, proto::links_of(state_));
      log_.open(options_.train.out_dir, state_.step);
    }
    if (record_path) recorder_.emplace(*record_path, source_.meta().schema, state_.step);
    ranks_.barrier("opening the output files");
  }

  /// A step that the device was given, and what is told of it once it is done.
  struct BegunStep {
    TrainPoint point;
    TakenStep taken;
    Clock::time_point begin;
    double stall_ms = 0.0;
  };

  /// Empty: a rank was asked to stop.
  std::optional<BegunStep> begin_step() {
    const auto begin = Clock::now();
    const auto stage = proto::stage_at(state_.stage_log, state_.cursor);
    if (stage) tell_stage(*stage);
    const auto batch = loader_.step(consumer::micro_batches(sharding_, state_.cursor));
    if (!batch) return std::nullopt;
    BegunStep step{.point = {.step = state_.step + 1,
                             .learning_rate = learning_rate(options_.train, state_.step),
                             .stage = stage},
                   .taken = learner_.step(*batch, state_.step, state_.seed),
                   .begin = begin,
                   .stall_ms = loader_.take_waited_ms()};
    complete_step(*batch);
    return step;
  }

  void complete_step(const GlobalBatch& batch) {
    ++state_.step;
    state_.cursor += sharding_.global_batch();
    saved_ = false;
    source_.advance(state_.cursor);
    for (const MicroBatch& micro : batch.micro_batches) log_.used(micro.wire.range.count);
    log_.at(state_.step);
    if (!recorder_) return;
    for (const MicroBatch& micro : batch.micro_batches) recorder_->add(micro.wire);
    recorder_->commit(state_.step);
  }

  /// Waits for the step that was begun last, and tells what came of it; nothing where that was
  /// done.
  void finish_step() {
    if (!begun_) return;
    BegunStep step = std::move(*begun_);
    begun_.reset();
    const StepNumbers numbers = step.taken.numbers();
    non_finite_steps_.count(numbers.bad());
    step.point.loss = numbers.loss;
    step.point.grad_norm = numbers.grad_norm;
    log_.add(step.point, ms_since(std::max(step.begin, finished_)), step.stall_ms);
    finished_ = Clock::now();
    if (non_finite_steps_.in_streak()) leave_out(step.point);
  }

  [[nodiscard]] bool something_is_due(std::uint64_t good) const {
    return state_.step == schedule_.last_step() || schedule_.epoch_to_keep(good, state_.step) ||
           schedule_.should_evaluate(good, state_.step) || schedule_.should_save(good, state_.step);
  }

  /// After a step that was not bad, where `good` was the last such before it. False: asked to stop
  /// amid it.
  bool do_what_is_due(std::uint64_t good) {
    if (const auto epoch = schedule_.epoch_to_keep(good, state_.step)) {
      state_.epoch_steps[*epoch] = state_.step;
    }
    const bool going = !schedule_.should_evaluate(good, state_.step) || evaluate_now();
    if (going && schedule_.should_save(good, state_.step)) save();
    return going;
  }

  /// What is due after a bad step waits for a good one. The run fails where there are too many, or
  /// it ends with them.
  void leave_out(const TrainPoint& step) {
    if (non_finite_steps_.too_many() || step.step == schedule_.last_step()) {
      throw std::runtime_error(
          non_finite_steps_.failure(step.loss, step.grad_norm, last_checkpoint_));
    }
    log_.left_out(non_finite_steps_.skipped(step.loss, step.grad_norm));
  }

  /// False: asked to stop before the end; the evaluation is then due again when the run is resumed.
  bool evaluate_now() {
    std::optional<EmaWeights> averaged;
    if (learner_.ema() != nullptr) averaged.emplace(learner_.model(), *learner_.ema());
    const auto result = evaluate(learner_.model(), learner_.objective(), source_.meta(), loader_,
                                 ranks_, plan(), [this](const proto::Batch& batch) {
                                   if (recorder_) recorder_->add(batch);
                                 });
    state_.evaluation_due = !result;
    saved_ = false;
    static_cast<void>(loader_.take_waited_ms());
    if (recorder_) result ? recorder_->commit(state_.step) : recorder_->discard();
    averaged.reset();
    if (!result) return false;
    log_.add(state_.step, *result);
    if (count_evaluation(options_.provider, result->loss, state_))
      source_.set_stage_log(state_.stage_log);
    if (improves(result->loss, state_.best_val_loss)) {
      state_.best_val_loss = result->loss;
      state_.best_step = state_.step;
      save();
    }
    return true;
  }

  /// A line where the stage is another than in the step before.
  void tell_stage(std::uint8_t stage) {
    const auto before = std::exchange(told_stage_, stage);
    if (!ranks_.is_rank0() || before == stage) return;
    const bool stale = before && options_.provider.schedule == "plateau";
    log_info(stage_line(state_.meta, stage, state_.step + 1) +
             (stale ? ": " + why_left(options_.provider, *before) : ""));
  }

  [[nodiscard]] ValidationPlan plan() const {
    const auto samples = evaluation_samples(source_.meta(), proto::Split::kVal,
                                            options_.train.eval_iters, options_.train.batch_size);
    return {proto::Split::kVal, samples, sharding_, precision_, device_};
  }

  /// Never while steps are bad.
  void save() {
    if (saved_) return;
    saved_ = true;
    state_.loss_scale = learner_.loss_scale().value();
    state_.loss_scale_good = learner_.loss_scale().good_steps();
    log_.sync();
    if (recorder_) recorder_->sync();
    if (ranks_.is_rank0()) {
      save_checkpoint(options_, state_, learner_.model(), learner_.optimizer(), learner_.ema());
    }
    last_checkpoint_ =
        (std::filesystem::path(options_.train.out_dir) / proto::checkpoint_name(state_.step))
            .string();
  }

  /// `reached`: the recipe's end; else the run was asked to stop.
  void end(bool reached) {
    if (!non_finite_steps_.in_streak()) {
      save();
    } else if (ranks_.is_rank0()) {
      log_warning(non_finite_steps_.stopped(last_checkpoint_));
    }
    if (reached && ranks_.is_rank0()) proto::link_final(options_.train.out_dir, state_.step);
    ranks_.shutdown("the end of the run");
  }

  const config::Options& options_;
  ProcessGroup& ranks_;
  consumer::BatchSource& source_;
  torch::Device device_;
  Precision precision_;
  RunSchedule schedule_;
  consumer::BatchSharding sharding_;
  bool ahead_;
  Learner learner_;
  StepLoader loader_;
  StepLog log_;
  NonFiniteSteps non_finite_steps_;
  proto::TrainerState state_;
  std::optional<SampleLog> recorder_;
  std::optional<BegunStep> begun_;  ///< and not finished
  Clock::time_point finished_;      ///< when the last step was
  std::string last_checkpoint_;     ///< empty: none yet
  /// Where the trainer names stages: that of the step before.
  std::optional<std::uint8_t> told_stage_;
  bool saved_ = true;  ///< nothing happened since the last checkpoint
};

}  // namespace

void train_on(const config::Options& options, const Start& start, consumer::BatchSource& source,
              const TrainContext& place, const std::optional<std::string>& record_path) {
  Trainer(options, start, source, place, record_path).run();
}

}  // namespace millrace::trainer
