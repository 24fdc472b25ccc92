// Writing texts with a checkpoint (sample.h).
#include "trainer/sample.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "config/errors.h"
#include "config/stop.h"
#include "trainer/given_checkpoint.h"
#include "trainer/machine.h"
#include "trainer/models.h"
#include "trainer/samplers.h"
#include "trainer/torch.h"

namespace millrace::trainer {
namespace {

using config::UsageError;

constexpr std::uint64_t kDefaultSteps = 64;

std::uint64_t longest_text(const proto::StreamMeta& meta) {
  const int field = meta.schema.find(proto::Role::kInput);
  return field < 0 ? meta.block_size : meta.schema.fields[static_cast<std::size_t>(field)].values_per_sample();
}

SamplerChoice choice_of(const SampleRequest& request, const config::Options& options) {
  const bool counted = options.train.objective == "d3pm_absorb";
  const std::uint64_t most = counted ? options.provider.timesteps : kDefaultSteps;
  return {request.sampler,
          request.steps.value_or(std::min(kDefaultSteps, most)),
          {request.temperature, static_cast<std::int64_t>(request.top_k), request.top_p}};
}

/// Where a left-to-right text begins if nothing is said: after the end of another, or on a new line.
std::int64_t first_token(const proto::StreamMeta& meta) {
  for (const char* const start : {"<|endoftext|>", "\n", "Ċ"})
    if (const auto found = std::ranges::find(meta.vocabulary, start); found != meta.vocabulary.end())
      return found - meta.vocabulary.begin();
  throw UsageError("a left-to-right model needs a beginning, and the checkpoint's vocabulary has no line break; give --start TEXT");
}

void check_left_to_right(Prompt& prompt, const proto::StreamMeta& meta) {
  if (!prompt.fixed.front()) {
    prompt.tokens.front() = first_token(meta);
    prompt.fixed.front() = true;
  }
  const auto end = std::ranges::find(prompt.fixed, false);
  if (std::find(end, prompt.fixed.end(), true) != prompt.fixed.end())
    throw UsageError(
        "train.objective = \"ar\" of this checkpoint writes from left to right, and cannot fill in text before text that "
        "is given; use --start alone");
}

/// A trained model, what it is to write, and how.
struct Writer {
  const SampleRequest& request;
  proto::Checkpoint checkpoint;
  config::Options options;
  torch::Device device;
  Precision precision{};
  TextCodec codec;
  Prompt prompt{};
  std::unique_ptr<Sampler> sampler{};
  std::shared_ptr<Model> model{};

  Draft draft(std::int64_t samples) const {
    const auto length = static_cast<std::int64_t>(prompt.tokens.size());
    const auto fixed = torch::empty({length}, torch::kBool);
    for (std::int64_t i = 0; i < length; ++i) fixed.data_ptr<bool>()[i] = prompt.fixed[static_cast<std::size_t>(i)];
    return {torch::tensor(prompt.tokens, torch::kInt64).to(device).repeat({samples, 1}), fixed.to(device).repeat({samples, 1})};
  }
};

Writer set_up(const SampleRequest& request) {
  proto::Checkpoint checkpoint = open_given(request.checkpoint);
  config::Options options = recipe_of(checkpoint.folder, request.overrides);
  const Weights weights = weights_of(checkpoint.folder, request.weights);
  prepare_cpu(options.train.threads);
  const torch::Device device = choose_device(options.train.device, 0);
  TextCodec codec(checkpoint.state.meta, options.data.tokenizer);
  Writer writer{request, std::move(checkpoint), std::move(options), device, {}, std::move(codec)};
  const proto::StreamMeta& meta = writer.checkpoint.state.meta;
  writer.sampler = make_sampler(choice_of(request, writer.options), writer.options, meta);
  writer.prompt = read_prompt(request.prompt, writer.codec, longest_text(meta));
  if (writer.options.train.objective == "ar") check_left_to_right(writer.prompt, meta);
  writer.precision = choose_precision(writer.options.train.dtype, device);
  writer.model = make_model(writer.options.model, meta);
  load_model(writer.checkpoint.folder, *writer.model, weights);
  writer.model->to(device, writer.precision.parameters());
  writer.model->eval();
  return writer;
}

void write(const Writer& writer, std::uint64_t first, std::uint64_t count, SampleResult& result) {
  const torch::NoGradGuard no_grad;
  const AutocastScope autocast(writer.precision, writer.device);
  Dice dice(writer.request.seed, first, static_cast<std::int64_t>(count));
  const Sampled sampled = writer.sampler->sample(*writer.model, writer.draft(static_cast<std::int64_t>(count)), dice);
  result.network_calls += sampled.network_calls;
  result.clamped += sampled.clamped;
  const auto tokens = sampled.tokens.cpu().contiguous();
  const auto length = static_cast<std::size_t>(tokens.size(1));
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto row = std::span(tokens.const_data_ptr<std::int64_t>() + i * length, length);
    result.texts.push_back({first + i, writer.codec.decode(row), {row.begin(), row.end()}});
  }
}

}  // namespace

SampleResult sample_checkpoint(const SampleRequest& request) {
  const Writer writer = set_up(request);
  SampleResult result{writer.checkpoint.folder, writer.checkpoint.state.step, 0, 0, {}};
  const std::uint64_t batch = writer.options.train.batch_size;
  for (std::uint64_t first = 0; first < request.samples && !config::stop_requested(); first += batch)
    write(writer, first, std::min(batch, request.samples - first), result);
  return result;
}

}  // namespace millrace::trainer
