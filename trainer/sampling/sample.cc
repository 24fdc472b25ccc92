// Generating texts with one checkpoint (sample.h).
#include "trainer/sampling/sample.h"

#include <algorithm>

#include "config/app/stop.h"
#include "config/errors.h"
#include "trainer/sampling/text_generator.h"

namespace millrace::trainer {
namespace {

using config::UsageError;

/// The first token of a left-to-right text without a start: the end of another text, or a line
/// break.
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

/// Gives the prompt a start if it has none. Throws UsageError for given tokens after the start.
void prepare_left_to_right(Prompt& prompt, const TextGenerator& generator) {
  if (!prompt.fixed.front()) {
    prompt.tokens.front() = first_token(generator.meta());
    prompt.fixed.front() = true;
  }
  const auto end = std::ranges::find(prompt.fixed, false);
  if (std::find(end, prompt.fixed.end(), true) != prompt.fixed.end()) {
    throw UsageError("train.objective = \"" + generator.options().train.objective +
                     "\" of this checkpoint writes from left to right, and cannot fill in text "
                     "before text that is given; use --start alone");
  }
}

}  // namespace

SampleResult sample_checkpoint(const SampleRequest& request) {
  TextGenerator generator(request.checkpoint, request.options);
  if (generator.prefix_length() > 0) {
    throw UsageError(request.checkpoint.string() +
                     " writes behind the text of an earlier stage of a cascade; give all three: "
                     "--stage1 DIR --stage2 DIR --stage3 DIR");
  }
  Prompt prompt = read_prompt(request.prompt, generator.codec(), generator.longest());
  if (generator.left_to_right()) prepare_left_to_right(prompt, generator);
  SampleResult result = generator.empty_result();
  const std::uint64_t batch = generator.options().train.batch_size;
  for (std::uint64_t first = 0; first < request.samples && !config::stop_requested();
       first += batch) {
    SampleRng rng(request.seed, first,
                  static_cast<std::int64_t>(std::min(batch, request.samples - first)));
    try {
      generator.write(prompt, {}, rng, first, request.on_step, result);
    } catch (const config::Stopped&) {
      break;  // the texts before are whole
    }
  }
  return result;
}

}  // namespace millrace::trainer
