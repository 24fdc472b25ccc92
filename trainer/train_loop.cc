// The training loop (train_loop.h): learning rate, data, forward/backward, clip, step, log, evaluate, checkpoint.
//
// Every decision is made from numbers that all ranks share, so that all act alike at the same step. A step is complete once the
// optimizer has used it: then the cursor moves, its samples are recorded, and a checkpoint holds all of it or nothing.
#include "trainer/train_loop.h"

#include <chrono>
#include <cmath>
#include <utility>

#include "producer/open_watch.h"
#include "telemetry/stream_metrics.h"
#include "trainer/checkpoint.h"
#include "trainer/clock.h"
#include "trainer/control.h"
#include "trainer/ema.h"
#include "trainer/evaluation.h"
#include "trainer/gradient.h"
#include "trainer/initial_state.h"
#include "trainer/learning_rate.h"
#include "trainer/log.h"
#include "trainer/machine.h"
#include "trainer/metrics.h"
#include "trainer/objectives.h"
#include "trainer/record.h"
#include "trainer/seeds.h"
#include "trainer/stage_plan.h"
#include "trainer/start.h"
#include "trainer/watched_source.h"

namespace millrace::trainer {
namespace {

constexpr std::chrono::seconds kHealthPatience{60};  // beyond the time in which the ranks must meet

class Trainer {
 public:
  Trainer(const config::Options& options, const TrainRequest& request, const Start& start, Ranks& ranks,
          consumer::BatchSource& source, torch::Device device, const Precision& precision, telemetry::Watch& watch)
      : options_(options),
        ranks_(ranks),
        source_(source),
        device_(device),
        precision_(precision),
        deal_(deal_of(options.train, ranks)),
        model_(initial_model(options, source.meta(), device, precision)),
        objective_(make_objective(options, source.meta())),
        optimizer_(parameters_of(*model_), adamw_settings(options.train)),
        ema_(initial_ema(*model_, options.train)),
        loss_scale_(precision, device),
        feed_(source, *objective_, ranks, device, watch.health()),
        health_(watch.health()),
        watched_(watch.registry()),
        state_(start.state) {
    state_.meta = source.meta();
    describe_machine(state_, device, precision, ranks);
    if (start.resumed) restore(start);
    share_parameters();
    open_files(request);
    tell_step();
    if (ranks_.first()) say_what_is_trained();
  }

  /// Up to max_iters, or until a rank is asked to stop.
  void run() {
    model_->train();
    if (state_.step >= options_.train.max_iters)
      say("step " + std::to_string(state_.step) + " of max_iters = " + std::to_string(options_.train.max_iters) +
          " is done already; raise --train.max_iters to go on");
    bool going = !state_.evaluation_due || evaluate_now();
    while (going && state_.step < options_.train.max_iters) {
      const auto begin = Clock::now();
      const auto stage = proto::stage_at(state_.stage_log, state_.cursor);
      if (stage) tell_stage(*stage);
      torch::manual_seed(dropout_seed(state_.seed, state_.step, ranks_.rank()));
      const double rate = learning_rate(options_.train, state_.step);
      const auto batch = feed_.step(consumer::micro_batches(deal_, state_.cursor));
      if (!batch) break;
      const double loss = accumulate_gradient(*model_, *objective_, *batch, precision_, loss_scale_.value(), ranks_);
      const double norm = update(rate, loss);
      complete_step(*batch);
      log({.loss = loss, .learning_rate = rate, .grad_norm = norm, .stage = stage}, ms_since(begin));
      going = !due(options_.train.eval_interval) || evaluate_now();
      if (going && due(options_.train.checkpoint_interval)) save();
    }
    if (!saved_) save();
    ranks_.barrier("the end of the run");
  }

 private:
  [[nodiscard]] bool due(std::uint64_t interval) const { return interval > 0 && state_.step % interval == 0; }

  void restore(const Start& start) {
    warn_of_other_machine(start.state, state_);
    loss_scale_.restore(state_.loss_scale, state_.loss_scale_good);
    if (!ranks_.first()) return;
    load_model(start.folder, *model_);
    load_optimizer(start.folder, optimizer_);
    if (ema_) load_ema(start.folder, *ema_);
    say("resuming from " + start.folder.string() + ", step " + std::to_string(state_.step));
  }

  void say_what_is_trained() const {
    std::int64_t parameters = 0;
    for (const auto& [name, tensor] : parameters_of(*model_)) parameters += tensor.numel();
    say("training " + std::to_string(parameters) + " parameters in " + name_of(precision_.compute) + " on " + device_.str() + ", " +
        std::to_string(ranks_.world()) + (ranks_.world() == 1 ? " rank" : " ranks") + "; a step takes " +
        std::to_string(deal_.global_batch()) + " samples of " + std::to_string(source_.meta().block_size) + " tokens of stream " +
        state_.meta.fingerprint + " (" + state_.meta.dataset_name + ")");
  }

  /// Rank 0 alone reads checkpoints; the others get its tensors.
  void share_parameters() {
    for (const auto& named : {parameters_of(*model_), optimizer_.state(), ema_ ? ema_->state() : NamedTensors()}) {
      std::vector<torch::Tensor> tensors;
      for (const auto& [name, tensor] : named) tensors.push_back(tensor.detach());
      ranks_.broadcast(tensors, "sharing the parameters");
    }
  }

  /// Cuts the files of an earlier run back to this step, on every rank before the first of them appends.
  void open_files(const TrainRequest& request) {
    if (ranks_.first()) {
      proto::go_back_to(options_.train.out_dir, state_.step, state_.best_step);
      metrics_.emplace(options_.train.out_dir, state_.step, options_.train.max_iters, tokens_per_step());
    }
    if (request.record_path) recorder_.emplace(*request.record_path, source_.meta().schema, state_.step);
    ranks_.barrier("opening the output files");
  }

  [[nodiscard]] std::uint64_t tokens_per_step() const { return std::uint64_t{deal_.global_batch()} * source_.meta().block_size; }

  /// Clips and steps; returns the gradient's norm. A float16 step whose gradients overflowed is left out.
  double update(double rate, double loss) {
    const auto [norm, usable] = finish_gradient(*model_, loss_scale_, options_.train.grad_clip);
    if (!std::isfinite(loss) || (usable && !std::isfinite(norm))) fail_not_finite(loss, norm);
    if (usable) optimizer_.step(rate);
    return norm;
  }

  [[noreturn]] void fail_not_finite(double loss, double norm) const {
    throw std::runtime_error("step " + std::to_string(state_.step + 1) + ": the loss is " + std::to_string(loss) +
                             " and the gradient's norm " + std::to_string(norm) +
                             "; nothing was saved of this step: start anew in " +
                             "another train.out_dir with a lower train.learning_rate or train.dtype=float32");
  }

  void complete_step(const GlobalBatch& batch) {
    ++state_.step;
    if (ema_) ema_->update(state_.step);
    state_.cursor += deal_.global_batch();
    saved_ = false;
    source_.advance(state_.cursor);
    for (const MicroBatch& micro : batch.micro_batches) watched_.samples.add(micro.wire.range.count);
    tell_step();
    if (!recorder_) return;
    for (const MicroBatch& micro : batch.micro_batches) recorder_->add(micro.wire);
    recorder_->commit(state_.step);
  }

  void tell_step() {
    watched_.step.set(static_cast<double>(state_.step));
    health_.alive("step " + std::to_string(state_.step) + " of " + std::to_string(options_.train.max_iters));
  }

  void tell(const TrainPoint& point, double step_ms, double stall_ms) {
    watched_.loss.set(point.loss);
    watched_.learning_rate.set(point.learning_rate);
    watched_.gradient_norm.set(point.grad_norm);
    watched_.step_seconds.add(step_ms / 1e3);
    watched_.wait_seconds.add(stall_ms / 1e3);
    watched_.wait_ratio.set(stall_ms / step_ms);
  }

  /// Averages the times up to the next line.
  void log(TrainPoint point, double step_ms) {
    const double stall_ms = feed_.take_waited_ms();
    tell(point, step_ms, stall_ms);
    ++since_line_.steps;
    since_line_.step_ms += step_ms;
    since_line_.stall_ms += stall_ms;
    const bool record = due(options_.train.log_interval);
    const bool last = state_.step == options_.train.max_iters;
    if (!metrics_ || (!record && !last)) return;
    point.step = state_.step;
    point.tokens = state_.step * tokens_per_step();
    point.step_ms = since_line_.step_ms / since_line_.steps;
    point.stall_ms = since_line_.stall_ms / since_line_.steps;
    metrics_->show(point);
    if (!record) return;  // a run that goes on from here must write the lines of one that never stopped
    metrics_->add(point);
    since_line_ = {};
  }

  /// False: asked to stop before the end; the evaluation is then due again when the run is resumed.
  bool evaluate_now() {
    std::optional<EmaWeights> averaged;
    if (ema_) averaged.emplace(*model_, *ema_);
    const auto result = evaluate(*model_, *objective_, source_.meta(), feed_, ranks_, plan(), [this](const proto::Batch& batch) {
      if (recorder_) recorder_->add(batch);
    });
    state_.evaluation_due = !result;
    saved_ = false;
    static_cast<void>(feed_.take_waited_ms());
    if (recorder_) result ? recorder_->commit(state_.step) : recorder_->discard();
    averaged.reset();
    if (!result) return false;
    watched_.val_loss.set(result->loss);
    if (metrics_) metrics_->add(state_.step, *result);
    if (count_evaluation(options_.provider, result->loss, state_)) source_.follow(state_.stage_log);
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
    if (!ranks_.first() || before == stage) return;
    const bool stale = before && options_.provider.schedule == "plateau";
    say(stage_line(state_.meta, stage, state_.step + 1) + (stale ? ": " + why_left(options_.provider, *before) : ""));
  }

  [[nodiscard]] EvaluationPlan plan() const {
    const auto samples =
        evaluation_samples(source_.meta(), proto::Split::kVal, options_.train.eval_iters, options_.train.batch_size);
    return {proto::Split::kVal, samples, deal_, precision_, device_};
  }

  void save() {
    if (saved_) return;
    saved_ = true;
    state_.loss_scale = loss_scale_.value();
    state_.loss_scale_good = loss_scale_.good_steps();
    if (metrics_) metrics_->sync();
    if (recorder_) recorder_->sync();
    if (ranks_.first()) save_checkpoint(options_, state_, *model_, optimizer_, ema_ ? &*ema_ : nullptr);
  }

  struct SinceLine {
    double step_ms = 0.0, stall_ms = 0.0;
    int steps = 0;
  };

  const config::Options& options_;
  Ranks& ranks_;
  consumer::BatchSource& source_;
  torch::Device device_;
  Precision precision_;
  consumer::Deal deal_;
  std::shared_ptr<Model> model_;
  std::unique_ptr<Objective> objective_;
  AdamW optimizer_;
  std::optional<Ema> ema_;
  LossScale loss_scale_;
  Feed feed_;
  telemetry::Health& health_;
  const telemetry::TrainMetrics watched_;
  proto::TrainerState state_;
  std::optional<Metrics> metrics_;  ///< rank 0 alone
  std::optional<Recorder> recorder_;
  SinceLine since_line_;
  std::optional<std::uint8_t> told_stage_;  ///< where the trainer names stages: that of the step before
  bool saved_ = true;                       ///< nothing happened since the last checkpoint
};

/// What a process has once, however many models it trains.
class Place {
 public:
  explicit Place(const config::Options& options)
      : rank_(rank_place_from_environment()),
        watch_(producer::open_watch(options.watch, kHealthPatience + std::chrono::seconds(options.train.timeout_s), rank_.rank,
                                    {{"rank", std::to_string(rank_.rank)}})),
        ranks_(rank_, options.train.timeout_s) {
    prepare_cpu(options.train.threads);
    device_ = choose_device(options.train.device, ranks_.local_rank());
    precision_ = choose_precision(options.train.dtype, device_);
  }

  [[nodiscard]] Ranks& ranks() { return ranks_; }

  void train(const config::Options& options, const TrainRequest& request, const Start& start) {
    const auto source = open_same_stream(options, start, ranks_, *watch_);
    if (!source) return;
    telemetry::tell_stream(watch_->registry(), source->meta().fingerprint, source->meta().provider);
    WatchedSource watched(*source, watch_->health());
    Trainer(options, request, start, ranks_, watched, device_, precision_, *watch_).run();
  }

 private:
  RankPlace rank_;
  std::unique_ptr<telemetry::Watch> watch_;
  Ranks ranks_;
  torch::Device device_ = torch::kCPU;
  Precision precision_;
};

bool is_done(const config::Options& options, const Start& start) {
  return start.resumed && start.state.step >= options.train.max_iters && !start.state.evaluation_due;
}

}  // namespace

void train(const config::Options& options, const TrainRequest& request) {
  Place place(options);
  place.train(options, request, agree_on_start(options, request.resume, place.ranks()));
}

void train_all(const std::vector<config::Options>& each) {
  Place place(each.front());
  const TrainRequest request{.resume = {.how = Resume::kAuto, .folder = {}}, .record_path = {}};
  for (const config::Options& options : each) {
    const bool stop = work_and_agree(
                          place.ranks(), [] { return Control{}; }, "the next dataset")
                          .stop > 0;
    if (stop) return;
    const Start start = agree_on_start(options, request.resume, place.ranks());
    const std::string dataset = "dataset " + options.data.dataset;
    const bool done = is_done(options, start);
    if (place.ranks().first())
      say(dataset + (done ? ": done, step " + std::to_string(start.state.step) : " in " + options.train.out_dir));
    if (!done) place.train(options, request, start);
  }
}

}  // namespace millrace::trainer
