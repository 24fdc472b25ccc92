// The program `sample`: texts that a checkpoint's model writes, or the three of a cascade.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "config/app/command_line.h"
#include "config/app/stop.h"
#include "config/errors.h"
#include "proto/json_text.h"
#include "trainer/evaluation/perplexity_scorer.h"
#include "trainer/sampling/sample.h"
#include "trainer/sampling/sample_flags.h"
#include "trainer/sampling/step_views.h"

namespace {

using namespace millrace;
using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMost = 1'000'000;
constexpr std::size_t kSeparator = 80;
constexpr const char* kStages[] = {"stage1", "stage2", "stage3"};
constexpr const char* kOfOneModel[] = {"checkpoint", "start", "suffix", "template", "length"};
constexpr const char* kCascadeFolder = "sampling_outputs";

const config::Program kProgram{
    .name = "sample",
    .usage =
        "--checkpoint DIR [--samples N] [--length L] [--steps S] [--seed K] [--start TEXT] "
        "[overrides]\n"
        "       sample --stage1 DIR --stage2 DIR --stage3 DIR [--output DIR]",
    .about =
        "Writes texts with a checkpoint's model, by the sampler that goes with its objective, or "
        "with the three of a cascade. TEXT "
        "may be FILE:PATH.\nOverrides may change how it runs (--train.device), not what was "
        "trained.",
    .flags =
        {{.name = "checkpoint",
          .placeholder = "DIR",
          .help = "a checkpoint, or an output folder: its best, else its latest one"},
         {.name = "stage1",
          .placeholder = "DIR",
          .help = "a cascade's checkpoints, in place of --checkpoint"},
         {.name = "stage2", .placeholder = "DIR", .help = "of its second stage"},
         {.name = "stage3", .placeholder = "DIR", .help = "of its last"},
         {.name = "samples", .placeholder = "N", .help = "how many texts; default 1"},
         {.name = "length",
          .placeholder = "L",
          .help = "tokens of a text with what is given; default the block"},
         {.name = "steps", .placeholder = "S", .help = "denoising steps; default 64"},
         {.name = "seed",
          .placeholder = "K",
          .help = "the same seed gives the same texts; default 1337"},
         {.name = "sampler",
          .placeholder = "NAME",
          .help = "analytic, euler, ancestral, first_hitting, confidence, editing or "
                  "autoregressive; default the objective's"},
         {.name = "temperature",
          .placeholder = "T",
          .help = "divides the logits; 0 takes the likeliest token; default 1"},
         {.name = "top-k", .placeholder = "K", .help = "draws from the K likeliest tokens"},
         {.name = "top-p",
          .placeholder = "P",
          .help = "draws from the fewest tokens that have this probability together"},
         {.name = "start", .placeholder = "TEXT", .help = "how each text begins"},
         {.name = "suffix", .placeholder = "TEXT", .help = "how each text ends"},
         {.name = "template",
          .placeholder = "TEXT",
          .help = "all of the text, with [MASK] for each token to be written"},
         {.name = "weights",
          .placeholder = "ema|raw",
          .help =
              "the parameters' average or the parameters; default the average where there is one"},
         {.name = "output",
          .placeholder = "FILE",
          .help =
              "writes there instead of on stdout; of a cascade a folder, default sampling_outputs"},
         {.name = "eval-perplexity",
          .placeholder = "DIR",
          .help =
              "scores the texts with an autoregressive checkpoint, and tells how varied they are"},
         {.name = "trace",
          .placeholder = "FILE",
          .help = "keeps every step of every text there, a line of JSON each"},
         {.name = "verbose", .placeholder = "", .help = "tells every step of every text on stderr"},
         {.name = "watch",
          .placeholder = "",
          .help = "shows the first text of each batch while it is written, on a terminal"}},
    .min_positional = 0,
    .max_positional = 0};

trainer::SamplingOptions read_choice(const config::Arguments& arguments) {
  trainer::SamplingOptions choice;
  choice.steps = arguments.number("steps", 1, kMost);
  choice.sampler = arguments.value("sampler").value_or("");
  choice.temperature =
      trainer::real_flag(arguments, "temperature", {0.0, 1e6, "from 0 to 1e6"}).value_or(1.0);
  choice.top_k = arguments.number("top-k", 1, kMost).value_or(0);
  choice.top_p = trainer::real_flag(arguments, "top-p",
                                    {std::numeric_limits<double>::min(), 1.0, "above 0, at most 1"})
                     .value_or(1.0);
  choice.editing = trainer::read_edit_plan(arguments);
  choice.weights = arguments.value("weights");
  choice.overrides = arguments.overrides;
  return choice;
}

std::uint64_t samples_of(const config::Arguments& arguments) {
  return arguments.number("samples", 1, kMost).value_or(1);
}

std::uint64_t seed_of(const config::Arguments& arguments) {
  return arguments.number("seed", 0, std::numeric_limits<std::uint64_t>::max())
      .value_or(trainer::SampleRequest().seed);
}

/// What shows or keeps the steps, if anything was asked for.
struct Views {
  explicit Views(const config::Arguments& arguments) : verbose(arguments.has("verbose")) {
    if (verbose && arguments.has("watch")) {
      throw config::UsageError("--verbose and --watch would write over each other; take one");
    }
    if (arguments.has("watch")) {
      animation = std::make_unique<trainer::Animation>();
    }
    if (const auto path = arguments.value("trace")) {
      trace = std::make_unique<trainer::TraceFile>(*path);
    }
  }

  [[nodiscard]] trainer::OnStep on_step() {
    if (!verbose && !animation && !trace) return {};
    return [this](const trainer::TextStep& step) {
      if (verbose) std::cerr << trainer::to_line(step);
      if (animation) animation->add(step);
      if (trace) trace->add(step);
    };
  }

  void finish() {
    animation.reset();
    if (trace) trace->finish();
  }

  bool verbose;
  std::unique_ptr<trainer::Animation> animation;
  std::unique_ptr<trainer::TraceFile> trace;
};

std::string as_text(const trainer::SampleResult& result) {
  std::string all;
  for (const trainer::WrittenText& text : result.texts) {
    all += text.text + '\n' + std::string(kSeparator, '=') + '\n';
  }
  return all;
}

Json text_json(const trainer::SampleResult& result, std::size_t i) {
  return {
      {"step", result.step}, {"text", result.texts[i].text}, {"tokens", result.texts[i].tokens}};
}

std::string as_json(const trainer::SampleResult& result, std::uint64_t seed) {
  std::string lines;
  for (std::size_t i = 0; i < result.texts.size(); ++i) {
    Json line{{"sample", result.texts[i].number}, {"seed", seed}};
    line.update(text_json(result, i));
    lines += proto::json_text(line) + '\n';
  }
  return lines;
}

std::string as_json(const trainer::CascadeResult& result, std::uint64_t seed) {
  std::string lines;
  for (std::size_t i = 0; i < result.stages.back().texts.size(); ++i) {
    Json line{{"sample", result.stages.back().texts[i].number}, {"seed", seed}};
    for (std::size_t stage = 0; stage < result.stages.size(); ++stage) {
      line[kStages[stage]] = text_json(result.stages[stage], i);
    }
    lines += proto::json_text(line) + '\n';
  }
  return lines;
}

std::ofstream open_output(const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  if (!file) {
    throw config::UsageError("--output " + path +
                             " cannot be written; name a file in a folder that is there");
  }
  return file;
}

void put(std::ostream& out, const std::string& text, const std::string& where) {
  out << text << std::flush;
  if (!out) {
    throw std::runtime_error("the samples could not be written" + where + "; is the disk full?");
  }
}

void tell(const trainer::SampleResult& result) {
  std::cerr << result.folder.string() << ", step " << result.step << ": " << result.texts.size()
            << " texts, " << result.network_calls << " network calls";
  if (result.clamped > 0) {
    std::cerr << ", " << result.clamped
              << " transitions had a negative probability (more --steps help)";
  }
  std::cerr << '\n';
}

/// Who scores the texts, if anybody was asked to: opened before they are written.
std::unique_ptr<trainer::PerplexityScorer> judge_of(const config::Arguments& arguments) {
  const auto checkpoint = arguments.value("eval-perplexity");
  return checkpoint ? std::make_unique<trainer::PerplexityScorer>(*checkpoint, arguments.overrides)
                    : nullptr;
}

/// The score: on stderr, and as JSON behind the texts.
void tell_score(trainer::PerplexityScorer* scorer, const trainer::SampleResult& result,
                std::ostream* json) {
  const auto found = scorer != nullptr ? scorer->score(result.texts, result.meta) : std::nullopt;
  if (!found) return;
  if (json != nullptr) put(*json, trainer::to_json_line(*found), "");
  std::cerr << trainer::to_line(*found);
}

void sample_one(const config::Arguments& arguments, Views& views) {
  const auto checkpoint = arguments.value("checkpoint");
  if (!checkpoint) {
    throw config::UsageError("--checkpoint DIR is missing: a folder like out/mdlm_small");
  }
  const trainer::SampleRequest request{
      *checkpoint,
      samples_of(arguments),
      seed_of(arguments),
      read_choice(arguments),
      {arguments.value("start"), arguments.value("suffix"), arguments.value("template"),
       arguments.number("length", 1, kMost)},
      views.on_step()};
  const auto path = arguments.value("output");
  std::ofstream file;
  if (path) file = open_output(*path);
  const auto judge = judge_of(arguments);
  const trainer::SampleResult result = trainer::sample_checkpoint(request);
  views.finish();
  std::ostream& out = path ? file : std::cout;
  put(out, arguments.json ? as_json(result, request.seed) : as_text(result),
      path ? " to " + *path : "");
  tell(result);
  tell_score(judge.get(), result, arguments.json ? &out : nullptr);
}

bool is_cascade(const config::Arguments& arguments) {
  return std::ranges::any_of(kStages, [&](const char* stage) { return arguments.has(stage); });
}

trainer::CascadeRequest cascade_request(const config::Arguments& arguments, Views& views) {
  for (const char* const flag : kOfOneModel) {
    if (arguments.has(flag)) {
      throw config::UsageError(
          std::string("--") + flag +
          " does not go with a cascade, whose stages write whole texts; leave it out");
    }
  }
  trainer::CascadeRequest request{
      {}, samples_of(arguments), seed_of(arguments), read_choice(arguments), views.on_step()};
  for (std::size_t stage = 0; stage < request.stages.size(); ++stage) {
    const auto folder = arguments.value(kStages[stage]);
    if (!folder) {
      throw config::UsageError(std::string("--") + kStages[stage] +
                               " DIR is missing: a cascade has three stages");
    }
    request.stages[stage] = *folder;
  }
  return request;
}

void sample_stages(const config::Arguments& arguments, Views& views) {
  const trainer::CascadeRequest request = cascade_request(arguments, views);
  const std::filesystem::path folder = arguments.value("output").value_or(kCascadeFolder);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::vector<std::ofstream> files;
  for (const char* const stage : kStages) {
    files.push_back(open_output(folder / ("sample_" + std::string(stage) + ".txt")));
  }
  const auto judge = judge_of(arguments);
  const trainer::CascadeResult result = trainer::sample_cascade(request);
  views.finish();
  for (std::size_t stage = 0; stage < files.size(); ++stage) {
    put(files[stage], as_text(result.stages[stage]), " to " + folder.string());
    tell(result.stages[stage]);
  }
  put(std::cout, arguments.json ? as_json(result, request.seed) : as_text(result.stages.back()),
      "");
  std::cerr << "of the tokens of stage 1 " << 100.0 * result.kept[0]
            << " % are in the final text, of stage 2 " << 100.0 * result.kept[1]
            << " %; all three in " << folder.string() << "/sample_stage{1,2,3}.txt\n";
  tell_score(judge.get(), result.stages.back(), arguments.json ? &std::cout : nullptr);
}

int run(const config::Arguments& arguments) {
  config::catch_stop_signals();
  Views views(arguments);
  is_cascade(arguments) ? sample_stages(arguments, views) : sample_one(arguments, views);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return config::run_program(trainer::with_edit_flags(kProgram), argc, argv, run);
}
