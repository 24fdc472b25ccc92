// Writing texts with one checkpoint (sample.h).
#include "trainer/sampling/sample.h"

#include <algorithm>

#include "config/app/stop.h"
#include "config/errors.h"
#include "trainer/sampling/text_generator.h"

namespace millrace::trainer {
namespace {

using config::UsageError;

/// Where a left-to-right text begins if nothing is said: after the end of another, or on a new
/// line.
std::int64_t first_token(const proto::StreamMeta& meta) {
  for (const char* const start : {"<|endoftext|>", "\n", "Ċ"}) {
    if (const auto found = std::ranges::find(meta.vocabulary, start);
        found != meta.vocabulary.end()) {
      return found - meta.vocabulary.begin();
    }
  }
  throw UsageError(
      "a left-to-right model needs a beginning, and the checkpoint's vocabulary has no line break; "
      "give --start TEXT");
}

void check_left_to_right(Prompt& prompt, const proto::StreamMeta& meta) {
  if (!prompt.fixed.front()) {
    prompt.tokens.front() = first_token(meta);
    prompt.fixed.front() = true;
  }
  const auto end = std::ranges::find(prompt.fixed, false);
  if (std::find(end, prompt.fixed.end(), true) != prompt.fixed.end()) {
    throw UsageError(
        "train.objective = \"ar\" of this checkpoint writes from left to right, and cannot fill in "
        "text before text that "
        "is given; use --start alone");
  }
}

}  // namespace

SampleResult sample_checkpoint(const SampleRequest& request) {
  TextGenerator writer(request.checkpoint, request.choice);
  if (writer.prefix_length() > 0) {
    throw UsageError(request.checkpoint.string() +
                     " writes behind the text of an earlier stage of a cascade; give all three: "
                     "--stage1 DIR --stage2 DIR --stage3 DIR");
  }
  Prompt prompt = read_prompt(request.prompt, writer.codec(), writer.longest());
  if (writer.options().train.objective == "ar") check_left_to_right(prompt, writer.meta());
  SampleResult result{
      writer.checkpoint().folder, writer.checkpoint().state.step, 0, 0, {}, writer.meta()};
  const std::uint64_t batch = writer.options().train.batch_size;
  for (std::uint64_t first = 0; first < request.samples && !config::stop_requested();
       first += batch) {
    SampleRng rng(request.seed, first,
                  static_cast<std::int64_t>(std::min(batch, request.samples - first)));
    writer.write(prompt, {}, rng, first, request.on_step, result);
  }
  return result;
}

}  // namespace millrace::trainer
