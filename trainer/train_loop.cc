// The training loop (train_loop.h).
#include "trainer/train_loop.h"

#include <chrono>
#include <cmath>
#include <utility>

#include "trainer/agenda.h"
#include "trainer/bad_steps.h"
#include "trainer/checkpoint.h"
#include "trainer/clock.h"
#include "trainer/ema.h"
#include "trainer/evaluation.h"
#include "trainer/gradient.h"
#include "trainer/initial_state.h"
#include "trainer/learning_rate.h"
#include "trainer/log.h"
#include "trainer/machine.h"
#include "trainer/objectives.h"
#include "trainer/record.h"
#include "trainer/seeds.h"
#include "trainer/stage_plan.h"
#include "trainer/step_log.h"

namespace millrace::trainer {
namespace {

class Trainer {
 public:
  Trainer(const config::Options& options, const Start& start, consumer::BatchSource& source, const Workplace& place,
          const std::optional<std::string>& record_path)
      : options_(options),
        ranks_(place.ranks),
        source_(source),
        device_(place.device),
        precision_(place.precision),
        agenda_(options, agreed_epoch_samples(source.meta(), ranks_)),
        deal_(deal_of(options.train, ranks_)),
        model_(initial_model(options, source.meta(), device_, precision_)),
        objective_(make_objective(options, source.meta())),
        optimizer_(parameters_of(*model_), adamw_settings(options.train)),
        ema_(initial_ema(*model_, options.train)),
        loss_scale_(precision_, device_),
        feed_(source, *objective_, ranks_, device_, place.watch.health()),
        log_(agenda_, place.watch, std::uint64_t{deal_.global_batch()} * source_.meta().block_size),
        bad_steps_(options.train.max_bad_steps, start.state.step),
        state_(start.state) {
    state_.meta = source.meta();
    describe_machine(state_, device_, precision_, ranks_);
    if (start.resumed) restore(start);
    share_parameters();
    open_files(record_path);
    log_.at(state_.step);
    if (ranks_.first()) say_what_is_trained();
  }

  /// Up to the last step, or until a rank is asked to stop.
  void run() {
    model_->train();
    if (state_.step >= agenda_.last_step()) say(agenda_.over(state_.step));
    bool going = !state_.evaluation_due || evaluate_now();
    while (going && state_.step < agenda_.last_step()) {
      const auto begin = Clock::now();
      const auto stage = proto::stage_at(state_.stage_log, state_.cursor);
      if (stage) tell_stage(*stage);
      torch::manual_seed(dropout_seed(state_.seed, state_.step, ranks_.rank()));
      const double rate = learning_rate(options_.train, state_.step);
      const auto batch = feed_.step(consumer::micro_batches(deal_, state_.cursor));
      if (!batch) break;
      const double loss = accumulate_gradient(*model_, *objective_, *batch, precision_, loss_scale_.value(), ranks_);
      const std::uint64_t good = bad_steps_.last_good();
      const double norm = update(rate, loss);
      complete_step(*batch);
      log_.add({.step = state_.step, .loss = loss, .learning_rate = rate, .grad_norm = norm, .stage = stage}, ms_since(begin),
               feed_.take_waited_ms());
      if (bad_steps_.on()) {
        leave_out(loss, norm);
        continue;
      }
      if (const auto epoch = agenda_.epoch_to_keep(good, state_.step)) state_.epoch_steps[*epoch] = state_.step;
      going = !agenda_.evaluation(good, state_.step) || evaluate_now();
      if (going && agenda_.checkpoint(good, state_.step)) save();
    }
    end(going && state_.step >= agenda_.last_step());
  }

 private:
  void restore(const Start& start) {
    warn_of_other_machine(start.state, state_);
    loss_scale_.restore(state_.loss_scale, state_.loss_scale_good);
    last_checkpoint_ = ranks_.first() ? start.folder.string() : proto::checkpoint_name(state_.step);
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
    if (const std::string line = agenda_.about_epochs(); !line.empty()) say(line);
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
  void open_files(const std::optional<std::string>& record_path) {
    if (ranks_.first()) {
      proto::go_back_to(options_.train.out_dir, state_.step, proto::links_of(state_));
      log_.open(options_.train.out_dir, state_.step);
    }
    if (record_path) recorder_.emplace(*record_path, source_.meta().schema, state_.step);
    ranks_.barrier("opening the output files");
  }

  /// Clips and steps; returns the gradient's norm. A bad step is left out, and so is one of float16 whose gradients overflowed,
  /// which is not a bad one: the loss scale sees to it.
  double update(double rate, double loss) {
    const auto [norm, usable] = finish_gradient(*model_, loss_scale_, options_.train.grad_clip);
    bad_steps_.count(!std::isfinite(loss) || (usable && !std::isfinite(norm)));
    if (usable && !bad_steps_.on()) optimizer_.step(rate);
    return norm;
  }

  void complete_step(const GlobalBatch& batch) {
    ++state_.step;
    if (ema_ && !bad_steps_.on()) ema_->update(state_.step);
    state_.cursor += deal_.global_batch();
    saved_ = false;
    source_.advance(state_.cursor);
    for (const MicroBatch& micro : batch.micro_batches) log_.used(micro.wire.range.count);
    log_.at(state_.step);
    if (!recorder_) return;
    for (const MicroBatch& micro : batch.micro_batches) recorder_->add(micro.wire);
    recorder_->commit(state_.step);
  }

  /// What is due after a bad step waits for a good one. The run fails where there are too many, or it ends with them.
  void leave_out(double loss, double norm) {
    if (bad_steps_.too_many() || state_.step == agenda_.last_step())
      throw std::runtime_error(bad_steps_.failure(loss, norm, last_checkpoint_));
    log_.left_out(bad_steps_.left_out(loss, norm));
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
    log_.add(state_.step, *result);
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

  /// Never while steps are bad.
  void save() {
    if (saved_) return;
    saved_ = true;
    state_.loss_scale = loss_scale_.value();
    state_.loss_scale_good = loss_scale_.good_steps();
    log_.sync();
    if (recorder_) recorder_->sync();
    if (ranks_.first()) save_checkpoint(options_, state_, *model_, optimizer_, ema_ ? &*ema_ : nullptr);
    last_checkpoint_ = (std::filesystem::path(options_.train.out_dir) / proto::checkpoint_name(state_.step)).string();
  }

  /// `reached`: the recipe's end; else the run was asked to stop.
  void end(bool reached) {
    if (!bad_steps_.on()) {
      save();
    } else if (ranks_.first()) {
      warn(bad_steps_.stopped(last_checkpoint_));
    }
    if (reached && ranks_.first()) proto::link_final(options_.train.out_dir, state_.step);
    ranks_.part("the end of the run");
  }

  const config::Options& options_;
  Ranks& ranks_;
  consumer::BatchSource& source_;
  torch::Device device_;
  Precision precision_;
  Agenda agenda_;
  consumer::Deal deal_;
  std::shared_ptr<Model> model_;
  std::unique_ptr<Objective> objective_;
  AdamW optimizer_;
  std::optional<Ema> ema_;
  LossScale loss_scale_;
  Feed feed_;
  StepLog log_;
  BadSteps bad_steps_;
  proto::TrainerState state_;
  std::optional<Recorder> recorder_;
  std::string last_checkpoint_;             ///< empty: none yet
  std::optional<std::uint8_t> told_stage_;  ///< where the trainer names stages: that of the step before
  bool saved_ = true;                       ///< nothing happened since the last checkpoint
};

}  // namespace

void train_on(const config::Options& options, const Start& start, consumer::BatchSource& source, const Workplace& place,
              const std::optional<std::string>& record_path) {
  Trainer(options, start, source, place, record_path).run();
}

}  // namespace millrace::trainer
