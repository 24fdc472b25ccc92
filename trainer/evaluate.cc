// Evaluating a checkpoint where it lies (evaluate.h).
#include "trainer/evaluate.h"

#include <limits>

#include "config/errors.h"
#include "config/stop.h"
#include "trainer/checkpoint.h"
#include "trainer/evaluation.h"
#include "trainer/log.h"
#include "trainer/machine.h"
#include "trainer/models.h"
#include "trainer/objectives.h"
#include "trainer/open_stream.h"

namespace millrace::trainer {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kShownWidth = 100;
constexpr std::chrono::milliseconds kPoll{500};

proto::Checkpoint open_given(const fs::path& given) {
  fs::path folder = given;
  for (const char* const link : {proto::kBestLink, proto::kLatestLink})
    if (folder == given && fs::exists(given / link)) folder = fs::canonical(given / link);
  std::string damage;
  auto found = proto::open_checkpoint(folder, damage);
  if (!found) throw config::UsageError("--checkpoint " + given.string() + " cannot be used: " + damage);
  return *found;
}

/// The checkpoint's own recipe, its stream computed in this process.
config::Options options_of(const fs::path& folder, const std::vector<config::Override>& overrides) {
  const std::string recipe = (folder / proto::kConfigFile).string();
  config::Options options = config::load_recipe(recipe, overrides);
  for (const auto& difference : config::differences(options, config::load_recipe(recipe)))
    if (difference.shapes != config::Shapes::kRun)
      throw config::UsageError(difference.key + " is part of the checkpoint and stays " + difference.there + "; leave it out");
  options.queue.uri = "inproc://";
  options.queue.window_batches = 1;  // train samples are not asked for
  return options;
}

std::optional<proto::Batch> wait_for(consumer::BatchSource& source, proto::Split split, std::uint32_t count) {
  while (!config::stop_requested())
    if (auto batch = source.get(split, 0, count, kPoll)) return batch;
  return std::nullopt;
}

/// The model's first choice at every position, i64 [B, L]; never the mask.
torch::Tensor guesses(Model& model, const proto::StreamMeta& meta, const WideBatch& batch, const Precision& precision,
                      torch::Device device) {
  const torch::NoGradGuard no_grad;
  const AutocastScope autocast(precision, device);
  auto logits = model.forward(batch.at(proto::Role::kInput)).to(torch::kFloat32);
  if (meta.mask_token_id) logits.select(-1, *meta.mask_token_id).fill_(-std::numeric_limits<float>::infinity());
  return logits.argmax(-1);
}

std::vector<FilledIn> fill_in_all(const proto::StreamMeta& meta, const WideBatch& batch, const torch::Tensor& guess) {
  const auto row = [](const torch::Tensor& tensor, std::int64_t i) {
    const auto length = static_cast<std::size_t>(tensor.size(1));
    return std::span(tensor.const_data_ptr<std::int64_t>() + static_cast<std::size_t>(i) * length, length);
  };
  const auto x = batch.at(proto::Role::kInput).cpu().contiguous(), y = batch.at(proto::Role::kTarget).cpu().contiguous();
  const auto z = guess.cpu().contiguous();
  std::vector<FilledIn> samples;
  for (std::int64_t i = 0; i < batch.samples(); ++i) samples.push_back(fill_in(meta, {row(x, i), row(y, i), row(z, i)}, kShownWidth));
  return samples;
}

}  // namespace

std::optional<EvaluateResult> evaluate_checkpoint(const EvaluateRequest& request) {
  const proto::Checkpoint checkpoint = open_given(request.checkpoint);
  const config::Options options = options_of(checkpoint.folder, request.overrides);
  const config::TrainOptions& train = options.train;
  prepare_cpu(train.threads);
  const torch::Device device = choose_device(train.device, 0);
  const Precision precision = choose_precision(train.dtype, device);
  const consumer::Deal deal{train.batch_size, 1, 0, 1};
  const std::uint64_t samples =
      evaluation_samples(checkpoint.state.meta, request.split, request.iters.value_or(train.eval_iters), train.batch_size);

  const auto source = open_stream(options, {deal, 0, samples, checkpoint.state.run_id, checkpoint.state.meta});
  if (!source) return std::nullopt;
  const proto::StreamMeta& meta = source->meta();
  const auto model = make_model(options.model, meta);
  load_model(checkpoint.folder, *model);
  model->to(device, precision.parameters());
  model->eval();

  Ranks alone({}, train.timeout_s);
  const auto objective = make_objective(train.objective, meta);
  Feed feed(*source, *objective, alone, device);
  const auto found = evaluate(*model, *objective, meta, feed, alone, {request.split, samples, deal, precision, device},
                              [](const proto::Batch&) {});
  if (!found) return std::nullopt;
  EvaluateResult result{checkpoint.folder, checkpoint.state.step, *found, {}};
  const auto shown = static_cast<std::uint32_t>(std::min<std::uint64_t>(request.show, samples));
  if (shown == 0) return result;
  const auto batch = wait_for(*source, request.split, shown);
  if (!batch) return std::nullopt;
  const WideBatch wide = widen(meta, *batch, device);
  result.samples = fill_in_all(meta, wide, guesses(*model, meta, wide, precision, device));
  return result;
}

}  // namespace millrace::trainer
