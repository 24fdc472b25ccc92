// Opens a checkpoint and its stream, and measures the model on it (evaluate.h).
#include "trainer/evaluation/evaluate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>
#include <utility>

#include "config/app/stop.h"
#include "config/errors.h"
#include "trainer/base/log.h"
#include "trainer/checkpoint/given_checkpoint.h"
#include "trainer/data/open_stream.h"
#include "trainer/device/machine.h"
#include "trainer/evaluation/likelihood.h"
#include "trainer/evaluation/validation_loss.h"
#include "trainer/objectives/objectives.h"

namespace millrace::trainer {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kShownWidth = 100;
constexpr std::uint32_t kSamplesPerWindow = 4;

/// The checkpoint's own recipe, with the stream computed in this process.
config::Options options_of(const fs::path& folder, const std::vector<config::Override>& overrides) {
  config::Options options = recipe_of(folder, overrides);
  options.queue.uri = "inproc://";
  options.queue.window_batches = 1;  // train samples are not asked for
  return options;
}

/// The model's likeliest token at every position, i64 [B, L]; never the mask.
torch::Tensor guesses(Model& model, const Objective& objective, const proto::StreamMeta& meta,
                      const DeviceBatch& batch, const Precision& precision, torch::Device device) {
  const torch::NoGradGuard no_grad;
  const AutocastScope autocast(precision, device);
  const auto logits = objective.logits(model, batch);
  return (meta.mask_token_id ? without_mask(logits, *meta.mask_token_id) : logits).argmax(-1);
}

std::vector<FilledIn> fill_in_all(const proto::StreamMeta& meta, const DeviceBatch& batch,
                                  const torch::Tensor& guess) {
  const auto row = [](const torch::Tensor& tensor, std::int64_t i) {
    const auto length = static_cast<std::size_t>(tensor.size(1));
    return std::span(tensor.const_data_ptr<std::int64_t>() + static_cast<std::size_t>(i) * length,
                     length);
  };
  const auto x = batch.at(proto::Role::kInput).cpu().contiguous(),
             y = batch.at(proto::Role::kTarget).cpu().contiguous();
  const auto z = guess.cpu().contiguous();
  std::vector<FilledIn> samples;
  for (std::int64_t i = 0; i < batch.samples(); ++i) {
    samples.push_back(fill_in(meta, {row(x, i), row(y, i), row(z, i)}, kShownWidth));
  }
  return samples;
}

/// A trained model and its stream.
struct Trained {
  proto::Checkpoint checkpoint;
  config::Options options;
  torch::Device device;
  Precision precision;
  Weights weights = Weights::kRaw;
  std::uint64_t samples = 0;
  std::unique_ptr<consumer::BatchSource> source;
  std::shared_ptr<Model> model;

  [[nodiscard]] consumer::BatchSharding sharding() const {
    return {options.train.batch_size, 1, 0, 1};
  }
};

/// The number of samples to measure.
std::uint64_t samples_of(const proto::StreamMeta& meta, const EvaluateRequest& request,
                         const config::TrainOptions& train) {
  const std::uint64_t all = evaluation_samples(
      meta, request.split, request.iters.value_or(std::numeric_limits<std::uint32_t>::max()),
      train.batch_size, "measure another one with --split");
  return std::min(all, request.windows.value_or(all));
}

/// Says which flags change nothing, because only a bound of the likelihood draws times and noise.
void warn_of_unused_draws(const config::Options& options, const EvaluateRequest& request) {
  if (objective_entry(options.train.objective).likelihood == Likelihood::kBound) return;
  const auto warn = [&](const char* flag) {
    log_warning(std::string(flag) + " has no effect: train.objective = \"" +
                options.train.objective + "\" draws no times and no noise");
  };
  if (request.samples_per_window) warn("--samples-per-window");
  if (request.seed) warn("--seed");
}

/// Without a source if the program was asked to stop.
Trained set_up(const EvaluateRequest& request) {
  proto::Checkpoint checkpoint = open_given(request.checkpoint);
  config::Options options = options_of(checkpoint.folder, request.overrides);
  prepare_cpu(options.train.threads);
  const torch::Device device = choose_device(options.train.device, 0);
  const Weights weights = weights_of(checkpoint.folder, request.weights);
  Trained trained{
      std::move(checkpoint), std::move(options), device, {}, weights, 0, nullptr, nullptr};
  const config::TrainOptions& train = trained.options.train;
  trained.precision = choose_precision(train.dtype, device);
  const proto::TrainerState& state = trained.checkpoint.state;
  trained.samples = samples_of(state.meta, request, train);
  trained.source = open_stream(trained.options, {.sharding = trained.sharding(),
                                                 .eval_samples = trained.samples,
                                                 .stage_log = state.stage_log,
                                                 .run_id = state.run_id,
                                                 .pinned = state.meta});
  if (!trained.source) return trained;
  require_timesteps(trained.options, trained.source->meta(), request.timesteps);
  warn_of_unused_draws(trained.options, request);
  trained.model =
      trained_model(trained.checkpoint, trained.options, weights, device, trained.precision);
  return trained;
}

std::optional<ValidationResult> validation_of(const Trained& trained, proto::Split split) {
  ProcessGroup alone({}, trained.options.train.timeout_s);
  const auto objective = make_objective(trained.options, trained.source->meta());
  StepLoader loader(*trained.source, *objective, alone, trained.device);
  return measure_validation_loss(
      *trained.model, *objective, trained.source->meta(), loader, alone,
      {split, trained.samples, trained.sharding(), trained.precision, trained.device},
      [](const proto::Batch&) {});
}

std::optional<LikelihoodReport> likelihood_of(const Trained& trained,
                                              const EvaluateRequest& request) {
  auto report = measure_likelihood(
      *trained.model, trained.options, *trained.source,
      {request.split, trained.samples, request.samples_per_window.value_or(kSamplesPerWindow),
       request.seed.value_or(0), request.timesteps, trained.precision, trained.device});
  if (!report) return std::nullopt;
  report->averaged = trained.weights == Weights::kEma;
  describe_machine(report->machine, trained.device, trained.precision,
                   ProcessGroup({}, trained.options.train.timeout_s));
  return report;
}

/// The first samples of the split with the tokens that the model fills in; none if the program was
/// asked to stop.
std::vector<FilledIn> filled_samples(const Trained& trained, proto::Split split,
                                     std::uint32_t count) {
  const proto::StreamMeta& meta = trained.source->meta();
  ProcessGroup alone({}, trained.options.train.timeout_s);
  const auto objective = make_objective(trained.options, meta);
  StepLoader loader(*trained.source, *objective, alone, trained.device);
  const auto samples = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, trained.samples));
  std::vector<FilledIn> filled;
  static_cast<void>(loader.each(split, {{0, samples}}, [&](const MicroBatch& micro) {
    filled = fill_in_all(
        meta, micro.wide,
        guesses(*trained.model, *objective, meta, micro.wide, trained.precision, trained.device));
  }));
  return filled;
}

/// Throws std::runtime_error where a number of the result is not finite.
void require_finite(const EvaluateResult& result, const Precision& precision) {
  std::map<std::string, double> numbers;
  if (const auto& validation = result.validation) {
    numbers = validation->metrics;
    numbers["loss"] = validation->loss;
    for (const StageLoss& stage : validation->stages) numbers["loss, " + stage.stage] = stage.loss;
  }
  if (const auto& likelihood = result.likelihood) {
    const auto add = [&numbers](const std::string& name, const std::optional<Estimate>& estimate) {
      if (estimate) numbers[name] = estimate->value + estimate->standard_error.value_or(0.0);
    };
    add("nats per token", likelihood->nats_per_token);
    add("loss", likelihood->loss);
    add("accuracy", likelihood->accuracy);
    for (const StepsResult& steps : likelihood->by_timesteps) {
      add("nats per token in " + std::to_string(steps.timesteps) + " steps", steps.nats_per_token);
    }
    for (const MaskedRatio& ratio : likelihood->by_masked_ratio) {
      add("loss by masked ratio", ratio.loss);
    }
  }
  for (const auto& [name, value] : numbers) {
    if (std::isfinite(value)) continue;
    throw std::runtime_error(
        "the result is not finite (" + name + ": " + std::to_string(value) + ", in " +
        name_of(precision.compute) +
        "): the parameters of the checkpoint have diverged (metrics.jsonl has the losses of "
        "train), "
        "or none of the samples has a target; try an earlier checkpoint, or more samples");
  }
}

}  // namespace

std::optional<EvaluateResult> evaluate_checkpoint(const EvaluateRequest& request) {
  const Trained trained = set_up(request);
  if (!trained.source) return std::nullopt;
  EvaluateResult result{trained.checkpoint, {}, {}, {}};
  if (request.iters) {
    result.validation = validation_of(trained, request.split);
  } else {
    result.likelihood = likelihood_of(trained, request);
  }
  if (!result.validation && !result.likelihood) return std::nullopt;
  require_finite(result, trained.precision);
  if (request.show > 0) result.samples = filled_samples(trained, request.split, request.show);
  return result;
}

}  // namespace millrace::trainer
