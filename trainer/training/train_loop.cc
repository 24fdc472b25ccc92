// The training loop from top to bottom: loop, step, what is due, end (train_loop.h).
#include "trainer/training/train_loop.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "config/sizes.h"
#include "trainer/base/clock.h"
#include "trainer/base/log.h"
#include "trainer/device/machine.h"
#include "trainer/evaluation/validation_loss.h"
#include "trainer/run/non_finite_steps.h"
#include "trainer/training/run_books.h"

namespace millrace::trainer {
namespace {

/// The start's state, with this run's stream and machine.
proto::TrainerState first_state(const Start& start, const proto::StreamMeta& meta,
                                const TrainContext& context) {
  proto::TrainerState state = start.state;
  state.meta = meta;
  describe_machine(state, context.device, context.precision, context.ranks);
  return state;
}

class TrainLoop {
 public:
  TrainLoop(const config::Options& options, const Start& start, consumer::BatchSource& source,
            const TrainContext& context, const std::optional<std::string>& record_path)
      : options_(options),
        context_(context),
        source_(source),
        schedule_(options, agreed_epoch_samples(source.meta(), context.ranks)),
        sharding_(sharding_of(options.train, context.ranks)),
        step_(options, source.meta(), context.device, context.precision, context.ranks,
              context.make_graph),
        loader_(source, step_.objective(), context.ranks, context.device, context.monitor.health()),
        books_(options, first_state(start, source.meta(), context), context.ranks, context.monitor,
               schedule_),
        non_finite_steps_(options.train.max_bad_steps, start.state.step) {
    books_.restore(start, step_);
    step_.broadcast_parameters();
    books_.open(record_path);
    if (context.ranks.is_rank0()) log_what_is_trained();
  }

  /// Up to the last step, or until a rank is asked to stop.
  ///
  /// At most two steps are launched and not finished. Each is finished at one of three places:
  /// after the next one is launched; at once, where something is due after it or the device does
  /// not run ahead; or behind the loop, where a rank is asked to stop before the next one.
  void run() {
    step_.model().train();
    if (state().step >= schedule_.last_step()) log_info(schedule_.over(state().step));
    if (config::eval_samples(options_) > 0) (void)val_samples();  // throws before a step is lost
    bool going = !state().evaluation_due || evaluate_now();
    while (going && state().step < schedule_.last_step()) {
      auto launched = launch_step();
      if (!launched) break;
      finish_step();  // the one before, while the device is at work on this one
      launched_ = std::move(launched);
      const std::uint64_t last_good = non_finite_steps_.last_good();
      if (context_.ahead && !something_is_due(last_good)) continue;
      finish_step();
      if (!non_finite_steps_.in_streak()) going = do_what_is_due(last_good);
    }
    finish_step();
    end(going && state().step >= schedule_.last_step());
  }

 private:
  /// A step that was launched, and what is needed to log it once it is done.
  struct LaunchedStep {
    PendingStep pending;
    std::uint64_t number;  ///< from 1
    std::optional<std::uint8_t> stage;
    Clock::time_point begin;
    double stall_ms;
  };

  /// Empty: a rank was asked to stop.
  std::optional<LaunchedStep> launch_step() {
    const auto begin = Clock::now();
    const auto stage = proto::stage_at(state().stage_log, state().cursor);
    if (stage) books_.announce_stage(*stage);
    const auto batch = loader_.step(consumer::micro_batches(sharding_, state().cursor));
    if (!batch) return std::nullopt;
    context_.monitor.health().alive("step " + of_the_last(state().step + 1));
    LaunchedStep launched{step_.run(*batch, state().step, state().seed), state().step + 1, stage,
                          begin, loader_.take_waited_ms()};
    save_requested_ |= batch->save_requested;
    books_.add_step(*batch);
    source_.advance(state().cursor);
    return launched;
  }

  /// Waits for the step that was launched last, and logs it. Nothing where that was done.
  void finish_step() {
    if (!launched_) return;
    const LaunchedStep step = *std::exchange(launched_, std::nullopt);
    const StepNumbers numbers = step.pending.numbers();
    non_finite_steps_.count(numbers.non_finite());
    const LongWork work(context_.ranks, "writing metrics");
    books_.log().add({.step = step.number,
                      .loss = numbers.loss,
                      .learning_rate = numbers.learning_rate,
                      .grad_norm = numbers.grad_norm,
                      .stage = step.stage},
                     ms_since(std::max(step.begin, finished_)), step.stall_ms);
    finished_ = Clock::now();
    if (non_finite_steps_.in_streak()) skip_step(step.number, numbers);
  }

  /// The device has skipped the step's update. What is due after it waits for a step with a finite
  /// loss and gradient. The run fails where too many are skipped in a row, or it ends with one.
  void skip_step(std::uint64_t number, const StepNumbers& numbers) {
    if (non_finite_steps_.too_many() || number == schedule_.last_step()) {
      throw std::runtime_error(
          non_finite_steps_.failure(numbers.loss, numbers.grad_norm, books_.last_checkpoint()));
    }
    books_.log().skipped(non_finite_steps_.skipped(numbers.loss, numbers.grad_norm));
  }

  [[nodiscard]] bool something_is_due(std::uint64_t last_good) const {
    const std::uint64_t step = state().step;
    return save_requested_ || step == schedule_.last_step() ||
           schedule_.epoch_to_keep(last_good, step) || schedule_.should_evaluate(last_good, step) ||
           schedule_.should_save(last_good, step);
  }

  /// Evaluates and saves after a step with a finite loss and gradient; `last_good` was the last
  /// such step before it. False: asked to stop meanwhile.
  bool do_what_is_due(std::uint64_t last_good) {
    const std::uint64_t step = state().step;
    if (const auto epoch = schedule_.epoch_to_keep(last_good, step)) books_.keep_epoch(*epoch);
    const bool going = !schedule_.should_evaluate(last_good, step) || evaluate_now();
    if (going && (schedule_.should_save(last_good, step) || save_requested_)) books_.save(step_);
    save_requested_ = false;
    return going;
  }

  /// False: asked to stop before the end.
  bool evaluate_now() {
    const auto result = validation_loss();
    books_.add_evaluation(result);
    if (!result) return false;
    if (books_.advance_stage(result->loss)) source_.set_stage_log(state().stage_log);
    if (books_.is_best(result->loss)) books_.save(step_);
    return true;
  }

  /// The moving average's, where there is one, else the model's. Empty: asked to stop before the
  /// end.
  std::optional<ValidationResult> validation_loss() {
    std::optional<EmaWeights> averaged;
    if (step_.ema() != nullptr) averaged.emplace(step_.model(), *step_.ema());
    auto result = measure_validation_loss(
        step_.model(), step_.objective(), source_.meta(), loader_, context_.ranks,
        {proto::Split::kVal, val_samples(), sharding_, context_.precision, context_.device},
        [this](const proto::Batch& batch) { books_.add_evaluated(batch); });
    static_cast<void>(loader_.take_waited_ms());  // no step waited for it
    return result;
  }

  /// Samples of an evaluation. Throws UsageError for a dataset without a val split.
  [[nodiscard]] std::uint64_t val_samples() const {
    return evaluation_samples(
        source_.meta(), proto::Split::kVal, options_.train.eval_iters, options_.train.batch_size,
        "give it one (data.val_fraction, or a file of its own), or train without: eval_interval "
        "above max_iters, and epoch_eval_interval 0");
  }

  /// `reached`: the recipe's end. Else the run was asked to stop.
  void end(bool reached) {
    const bool is_rank0 = context_.ranks.is_rank0();
    const LongWork work(context_.ranks, "ending the run");
    if (!non_finite_steps_.in_streak()) {
      books_.save(step_);
      if (is_rank0) {
        log_info((reached ? "done: step " : "stopped at step ") + of_the_last(state().step) +
                 ", saved in " + books_.last_checkpoint() +
                 (reached ? "" : "; go on with --resume"));
      }
    } else if (is_rank0) {
      log_warning(non_finite_steps_.stopped(books_.last_checkpoint()));
    }
    if (reached && is_rank0) proto::link_final(options_.train.out_dir, state().step);
    context_.ranks.barrier("the end of the run");
  }

  void log_what_is_trained() {
    std::int64_t parameters = 0;
    for (const auto& [name, tensor] : parameters_of(step_.model())) parameters += tensor.numel();
    log_info("training " + std::to_string(parameters) + " parameters in " +
             name_of(context_.precision.compute) + " on " + context_.device.str() + ", " +
             base::counted(context_.ranks.world_size(), "rank") + "; a step takes " +
             std::to_string(sharding_.global_batch()) + " samples of " +
             std::to_string(source_.meta().block_size) + " tokens of stream " +
             state().meta.fingerprint + " (" + state().meta.dataset_name + ")");
    if (const std::string line = schedule_.about_epochs(); !line.empty()) log_info(line);
  }

  /// "1200 of 2000"
  [[nodiscard]] std::string of_the_last(std::uint64_t step) const {
    return std::to_string(step) + " of " + std::to_string(schedule_.last_step());
  }

  [[nodiscard]] const proto::TrainerState& state() const { return books_.state(); }

  const config::Options& options_;
  const TrainContext& context_;
  consumer::BatchSource& source_;

  RunSchedule schedule_;
  consumer::BatchSharding sharding_;
  TrainStep step_;
  StepLoader loader_;
  RunBooks books_;
  NonFiniteSteps non_finite_steps_;

  std::optional<LaunchedStep> launched_;  ///< and not finished
  Clock::time_point finished_;            ///< when the last step was
  bool save_requested_ = false;           ///< by SIGUSR1, after the step under way
};

}  // namespace

void train_on(const config::Options& options, const Start& start, consumer::BatchSource& source,
              const TrainContext& context, const std::optional<std::string>& record_path) {
  std::optional<LongWork> beginning;
  beginning.emplace(context.ranks, "making the model ready");
  TrainLoop loop(options, start, source, context, record_path);
  beginning.reset();
  loop.run();
}

}  // namespace millrace::trainer
