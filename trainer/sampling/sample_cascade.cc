// Generating texts with the three stages of a cascade (sample.h; after
// JunhaoZhu0220/cascaded-dllm). Stage 1 writes its tokens from nothing, stage 2 writes its own
// behind those, and stage 3 writes the whole text behind those of stage 2. The tokens of the stage
// before are the fixed beginning of a sampler's input. A text's random numbers continue from stage
// to stage.
#include <algorithm>
#include <set>
#include <string>

#include "config/app/stop.h"
#include "config/errors.h"
#include "trainer/sampling/sample.h"
#include "trainer/sampling/text_generator.h"

namespace millrace::trainer {
namespace {

using config::UsageError;

constexpr std::size_t kStages = 3;

std::string named(std::size_t stage, const TextGenerator& generator) {
  return "--stage" + std::to_string(stage + 1) + " " + generator.checkpoint().folder.string();
}

void check_first(const TextGenerator& generator) {
  if (generator.prefix_length() > 0) {
    throw UsageError(
        named(0, generator) + " writes behind " + std::to_string(generator.prefix_length()) +
        " tokens of an earlier stage, so it is not the first; give a checkpoint of stage 1");
  }
}

/// The stage must continue the one before.
void check_chain(const std::vector<TextGenerator>& generators, std::size_t stage) {
  const TextGenerator &before = generators[stage - 1], &here = generators[stage];
  if (here.prefix_length() != before.longest()) {
    throw UsageError(named(stage, here) + " writes behind " + std::to_string(here.prefix_length()) +
                     " tokens, and " + named(stage - 1, before) + " writes " +
                     std::to_string(before.longest()) +
                     "; give the stages of one cascade, with the same lengths");
  }
  if (here.meta().vocabulary != before.meta().vocabulary ||
      here.meta().vocab_size != before.meta().vocab_size) {
    throw UsageError(named(stage, here) + " has another vocabulary than " +
                     named(stage - 1, before) +
                     "; give stages that were trained on the same shards");
  }
}

std::vector<TextGenerator> open_stages(const CascadeRequest& request) {
  std::vector<TextGenerator> generators;
  for (const auto& folder : request.stages) generators.emplace_back(folder, request.options);
  check_first(generators[0]);
  for (std::size_t stage = 1; stage < kStages; ++stage) check_chain(generators, stage);
  return generators;
}

Prompt nothing_given(std::uint64_t length) {
  return {std::vector<std::int64_t>(length), std::vector<bool>(length)};
}

OnStep of_stage(const OnStep& on_step, std::size_t stage) {
  if (!on_step) return {};
  return [&on_step, stage](const TextStep& step) {
    TextStep staged = step;
    staged.stage = static_cast<std::uint32_t>(stage + 1);
    on_step(staged);
  };
}

/// The share of `tokens` that `text` has too.
double share_in(const std::vector<std::int64_t>& tokens, const std::vector<std::int64_t>& text) {
  const std::set<std::int64_t> of_text(text.begin(), text.end());
  const auto kept =
      std::ranges::count_if(tokens, [&](std::int64_t token) { return of_text.contains(token); });
  return static_cast<double>(kept) / static_cast<double>(tokens.size());
}

double mean_share(const SampleResult& stage, const SampleResult& last) {
  double sum = 0.0;
  for (std::size_t i = 0; i < last.texts.size(); ++i) {
    sum += share_in(stage.texts[i].tokens, last.texts[i].tokens);
  }
  return last.texts.empty() ? 0.0 : sum / static_cast<double>(last.texts.size());
}

/// Throws config::Stopped.
void write_all(const CascadeRequest& request, std::vector<TextGenerator>& generators,
               CascadeResult& result) {
  const std::uint64_t batch = generators.back().options().train.batch_size;
  for (std::uint64_t first = 0; first < request.samples; first += batch) {
    config::check_stop();
    SampleRng rng(request.seed, first,
                  static_cast<std::int64_t>(std::min(batch, request.samples - first)));
    torch::Tensor tokens;
    for (std::size_t stage = 0; stage < kStages; ++stage) {
      tokens =
          generators[stage].write(nothing_given(generators[stage].longest()), tokens, rng, first,
                                  of_stage(request.on_step, stage), result.stages[stage]);
    }
  }
}

}  // namespace

CascadeResult sample_cascade(const CascadeRequest& request) {
  std::vector<TextGenerator> generators = open_stages(request);
  CascadeResult result;
  for (std::size_t stage = 0; stage < kStages; ++stage) {
    result.stages[stage] = generators[stage].empty_result();
  }
  try {
    write_all(request, generators, result);
  } catch (const config::Stopped&) {  // of the batch under way only earlier stages are there
    for (SampleResult& stage : result.stages) {
      auto& texts = stage.texts;
      texts.erase(texts.begin() + static_cast<std::ptrdiff_t>(result.stages.back().texts.size()),
                  texts.end());
    }
  }
  for (std::size_t stage = 0; stage < result.kept.size(); ++stage) {
    result.kept[stage] = mean_share(result.stages[stage], result.stages.back());
  }
  return result;
}

}  // namespace millrace::trainer
