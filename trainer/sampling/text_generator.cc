// From a checkpoint and a prompt to texts (text_generator.h).
#include "trainer/sampling/text_generator.h"

#include <algorithm>
#include <utility>

#include "trainer/checkpoint/given_checkpoint.h"
#include "trainer/device/machine.h"
#include "trainer/models/stoppable_network.h"
#include "trainer/sampling/samplers.h"
#include "trainer/text/glyphs.h"

namespace millrace::trainer {
namespace {

/// The tokens of a sample's field with this role; `otherwise` where the stream has no such field.
std::uint64_t length_of(const proto::StreamMeta& meta, proto::Role role, std::uint64_t otherwise) {
  const int field = meta.schema.find(role);
  return field < 0 ? otherwise
                   : meta.schema.fields[static_cast<std::size_t>(field)].values_per_sample();
}

/// The first `length` tokens of row `row` of tokens [n, L].
std::vector<std::int64_t> row_of(const torch::Tensor& tokens, std::int64_t row,
                                 std::int64_t length) {
  const auto* const begin = tokens.const_data_ptr<std::int64_t>() + row * tokens.size(1);
  return {begin, begin + length};
}

/// The text of the tokens, with kMaskMark for each mask.
std::string with_marks(const TextCodec& codec, std::span<const std::int64_t> tokens,
                       std::optional<std::uint32_t> mask) {
  std::string text;
  for (std::size_t at = 0; at < tokens.size();) {
    const auto is_mask = [&](std::int64_t token) {
      return mask && token == static_cast<std::int64_t>(*mask);
    };
    const auto end = static_cast<std::size_t>(
        std::find_if(tokens.begin() + static_cast<std::ptrdiff_t>(at), tokens.end(), is_mask) -
        tokens.begin());
    text += codec.decode(tokens.subspan(at, end - at));
    at = end;
    for (; at < tokens.size() && is_mask(tokens[at]); ++at) text += kMaskMark;
  }
  return text;
}

}  // namespace

TextGenerator::TextGenerator(const std::filesystem::path& given, const SamplingOptions& choice)
    : checkpoint_(open_given(given)),
      options_(recipe_of(checkpoint_.folder, choice.overrides)),
      device_(choose_device(options_.train.device, 0)),
      codec_(meta(), options_.data.tokenizer) {
  const Weights weights = weights_of(checkpoint_.folder, choice.weights);
  prepare_cpu(options_.train.threads);
  const SamplerEntry& sampler = find_sampler(choice.sampler, options_, meta());
  left_to_right_ = sampler.left_to_right;
  sampler_ = make_sampler(sampler, choice, options_, meta());
  precision_ = choose_precision(options_.train.dtype, device_);
  model_ = trained_model(checkpoint_, options_, weights, device_, precision_);
}

std::uint64_t TextGenerator::prefix_length() const {
  return length_of(meta(), proto::Role::kPrefix, 0);
}

std::uint64_t TextGenerator::longest() const {
  return length_of(meta(), proto::Role::kInput, meta().block_size);
}

SampleResult TextGenerator::empty_result() const {
  return {checkpoint_.folder, checkpoint_.state.step, 0, 0, {}, meta()};
}

SamplerInput TextGenerator::input_of(const Prompt& prompt, const torch::Tensor& prefix,
                                     std::int64_t samples) const {
  const auto length = static_cast<std::int64_t>(prompt.tokens.size());
  const auto fixed = torch::empty({length}, torch::kBool);
  for (std::int64_t i = 0; i < length; ++i) {
    fixed.data_ptr<bool>()[i] = prompt.fixed[static_cast<std::size_t>(i)];
  }
  SamplerInput input{torch::tensor(prompt.tokens, torch::kInt64).to(device_).repeat({samples, 1}),
                     fixed.to(device_).repeat({samples, 1})};
  if (!prefix.defined()) return input;
  const auto before = prefix.to(device_);
  return {at::cat({before, input.tokens}, 1),
          at::cat({torch::ones_like(before, torch::kBool), input.fixed}, 1)};
}

torch::Tensor TextGenerator::without_prefix(const torch::Tensor& tokens) const {
  const auto prefix = static_cast<std::int64_t>(prefix_length());
  return tokens.narrow(1, prefix, tokens.size(1) - prefix).cpu().contiguous();
}

void TextGenerator::show(const SampleStep& step, std::uint64_t first, const OnStep& on_step) const {
  const auto tokens = without_prefix(step.tokens);
  for (std::int64_t row = 0; row < tokens.size(0); ++row) {
    TextStep shown{first + static_cast<std::uint64_t>(step.first + row),
                   step.step,
                   0,
                   {},
                   row_of(tokens, row, tokens.size(1))};
    shown.text = with_marks(codec_, shown.tokens, meta().mask_token_id);
    on_step(shown);
  }
}

torch::Tensor TextGenerator::write(const Prompt& prompt, const torch::Tensor& prefix,
                                   SampleRng& rng, std::uint64_t first, const OnStep& on_step,
                                   SampleResult& result) {
  const torch::NoGradGuard no_grad;
  const AutocastScope autocast(precision_, device_);
  const StepCallback show_step =
      on_step ? StepCallback([&](const SampleStep& step) { show(step, first, on_step); })
              : StepCallback();
  StoppableNetwork network(*model_);
  const Sampled sampled =
      sampler_->sample(network, input_of(prompt, prefix, rng.samples()), rng, show_step);
  result.network_calls += sampled.network_calls;
  result.clamped += sampled.clamped;
  const auto tokens = without_prefix(sampled.tokens);
  for (std::int64_t row = 0; row < tokens.size(0); ++row) {
    const std::int64_t length =
        sampled.lengths.defined() ? sampled.lengths[row].item<std::int64_t>() : tokens.size(1);
    WrittenText written{first + static_cast<std::uint64_t>(row), {}, row_of(tokens, row, length)};
    written.text = codec_.decode(written.tokens);
    result.texts.push_back(std::move(written));
  }
  return tokens;
}

}  // namespace millrace::trainer
