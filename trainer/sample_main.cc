// The program `sample`: texts generated with a checkpoint's model, or with the three models of a
// cascade.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/text.h"
#include "config/app/command_line.h"
#include "config/app/stop.h"
#include "config/errors.h"
#include "proto/disk.h"
#include "proto/json_text.h"
#include "proto/user_file.h"
#include "trainer/base/torch_errors.h"
#include "trainer/distributed/distributed_env.h"
#include "trainer/evaluation/perplexity_scorer.h"
#include "trainer/sampling/sample.h"
#include "trainer/sampling/samplers.h"
#include "trainer/sampling/step_views.h"

namespace {

using namespace millrace;
using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMost = 1'000'000;
constexpr std::size_t kSeparator = 80;
constexpr const char* kStages[] = {"stage1", "stage2", "stage3"};
constexpr const char* kCascadeFolder = "sampling_outputs";

config::Program make_program() {
  using config::WholeNumber, config::RealNumber;
  return trainer::with_sampler_flags(
      {.name = "sample",
       .usage = "--checkpoint DIR [--samples N] [--length L] [--steps S] [--seed K] [--start TEXT] "
                "[overrides]\n"
                "       sample --stage1 DIR --stage2 DIR --stage3 DIR [--output DIR]",
       .about = "Generates texts with a checkpoint's model and a sampler that goes with its "
                "objective, or "
                "with the three\n"
                "models of a cascade. TEXT may be FILE:PATH. Overrides may change how a model runs "
                "(--train.device), not what\n"
                "was trained.",
       .flags =
           {{.name = "checkpoint",
             .placeholder = "DIR",
             .help = "a checkpoint, or an output folder: its best checkpoint, else its latest",
             .kind = config::Path{}},
            {.name = "stage1",
             .placeholder = "DIR",
             .help = "the checkpoint of a cascade's first stage, in place of --checkpoint",
             .kind = config::Path{}},
            {.name = "stage2",
             .placeholder = "DIR",
             .help = "that of its second stage",
             .kind = config::Path{}},
            {.name = "stage3",
             .placeholder = "DIR",
             .help = "that of its third stage",
             .kind = config::Path{}},
            {.name = "samples",
             .placeholder = "N",
             .help = "how many texts; default 1",
             .kind = WholeNumber{1, kMost}},
            {.name = "length",
             .placeholder = "L",
             .help = "tokens of a text, given ones included; default the block size",
             .kind = WholeNumber{1, kMost}},
            {.name = "steps",
             .placeholder = "S",
             .help = "denoising steps; default 64",
             .kind = WholeNumber{1, kMost}},
            {.name = "seed",
             .placeholder = "K",
             .help = "the same seed gives the same texts; default " +
                     std::to_string(trainer::kDefaultSeed),
             .kind = WholeNumber{0, std::numeric_limits<std::uint64_t>::max()}},
            {.name = "sampler",
             .placeholder = "NAME",
             .help = base::alternatives(trainer::samplers(), &trainer::SamplerEntry::name) +
                     "; default the objective's first"},
            {.name = "temperature",
             .placeholder = "T",
             .help = "divides the logits; 0 takes the likeliest token; default 1",
             .kind = RealNumber{0.0, 1e6}},
            {.name = "top-k",
             .placeholder = "K",
             .help = "draw only from the K likeliest tokens",
             .kind = WholeNumber{1, kMost}},
            {.name = "top-p",
             .placeholder = "P",
             .help = "draw only from the fewest tokens whose probabilities add up to P",
             .kind = RealNumber{.least = 0.0, .most = 1.0, .above = true}},
            {.name = "start", .placeholder = "TEXT", .help = "the beginning of each text"},
            {.name = "suffix", .placeholder = "TEXT", .help = "the end of each text"},
            {.name = "template",
             .placeholder = "TEXT",
             .help = "the whole text, with [MASK] for each token to generate"},
            {.name = "weights",
             .placeholder = "ema|raw",
             .help = "ema: the parameters' moving average; raw: the parameters; default ema where "
                     "there is one"},
            {.name = "output",
             .placeholder = "FILE",
             .help = std::string("write there, not to stdout; of a cascade a folder, default ") +
                     kCascadeFolder,
             .kind = config::Path{}},
            {.name = "eval-perplexity",
             .placeholder = "DIR",
             .help =
                 "score the texts with an autoregressive checkpoint: perplexity and token entropy",
             .kind = config::Path{}},
            {.name = "trace",
             .placeholder = "FILE",
             .help = "write every step of every text there, as JSON lines",
             .kind = config::Path{}},
            {.name = "verbose",
             .placeholder = "",
             .help = "print every step of every text on stderr"},
            {.name = "watch",
             .placeholder = "",
             .help = "show the first text of each batch on a terminal while it is generated"}},
       .min_positional = 0,
       .max_positional = 0});
}

trainer::SamplingOptions read_options(const config::Arguments& arguments) {
  const trainer::LogitsFilter otherwise;
  return {.sampler = arguments.value("sampler").value_or(""),
          .steps = arguments.number("steps"),
          .filter = {.temperature = arguments.real("temperature").value_or(otherwise.temperature),
                     .top_k = static_cast<std::int64_t>(arguments.number("top-k").value_or(0)),
                     .top_p = arguments.real("top-p").value_or(otherwise.top_p)},
          .weights = arguments.value("weights"),
          .overrides = arguments.overrides,
          .settings = trainer::read_sampler_settings(arguments)};
}

std::uint64_t samples_of(const config::Arguments& arguments) {
  return arguments.number("samples").value_or(1);
}

std::uint64_t seed_of(const config::Arguments& arguments) {
  return arguments.number("seed").value_or(trainer::kDefaultSeed);
}

/// The views of the steps that the flags ask for; maybe none.
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

proto::UserFile open_output(const std::filesystem::path& path) try {
  return proto::UserFile(path);
} catch (const proto::DiskError& error) {
  throw config::UsageError(std::string("--output ") + error.what());
}

/// Where one program's texts go: a file, or stdout.
class Output {
 public:
  explicit Output(const std::optional<std::string>& path) {
    if (path) file_.emplace(open_output(*path));
  }
  void write(const std::string& text) {
    if (file_) {
      file_->write(text);
    } else {
      std::cout << text;
    }
  }
  void finish() {
    if (file_) file_->finish();
  }

 private:
  std::optional<proto::UserFile> file_;
};

/// The texts that are there are written, but the user asked for more.
void check_complete(const trainer::SampleResult& result, std::uint64_t wanted) {
  if (result.texts.size() == wanted) return;
  throw std::runtime_error("stopped after " + std::to_string(result.texts.size()) + " of " +
                           base::counted(wanted, "text"));
}

void report(const trainer::SampleResult& result) {
  std::cerr << result.folder.string() << ", step " << result.step << ": " << result.texts.size()
            << " texts, " << result.network_calls << " network calls";
  if (result.clamped > 0) {
    std::cerr << ", " << result.clamped
              << " transitions had a negative probability (more --steps help)";
  }
  std::cerr << '\n';
}

/// The checkpoint of --eval-perplexity, or null. It is opened before the texts are generated.
std::unique_ptr<trainer::PerplexityScorer> open_scorer(const config::Arguments& arguments) {
  const auto checkpoint = arguments.value("eval-perplexity");
  return checkpoint ? std::make_unique<trainer::PerplexityScorer>(*checkpoint, arguments.overrides)
                    : nullptr;
}

/// Prints the score on stderr and, if `json` is not null, adds it there as a line of JSON.
void report_score(trainer::PerplexityScorer* scorer, const trainer::SampleResult& result,
                  Output* json) {
  const auto score = scorer != nullptr ? scorer->score(result.texts, result.meta) : std::nullopt;
  if (!score) return;
  if (json != nullptr) json->write(trainer::to_json_line(*score));
  std::cerr << trainer::to_line(*score);
}

void sample_one(const config::Arguments& arguments, Views& views) {
  const auto checkpoint = arguments.value("checkpoint");
  if (!checkpoint) {
    throw config::UsageError("--checkpoint DIR is missing: a folder like out/mdlm_small");
  }
  const trainer::SampleRequest request{*checkpoint,
                                       samples_of(arguments),
                                       seed_of(arguments),
                                       read_options(arguments),
                                       {arguments.value("start"), arguments.value("suffix"),
                                        arguments.value("template"), arguments.number("length")},
                                       views.on_step()};
  Output output(arguments.value("output"));
  const auto scorer = open_scorer(arguments);
  const trainer::SampleResult result = trainer::sample_checkpoint(request);
  views.finish();
  output.write(arguments.json ? as_json(result, request.seed) : as_text(result));
  report(result);
  report_score(scorer.get(), result, arguments.json ? &output : nullptr);
  output.finish();
  check_complete(result, request.samples);
}

bool is_cascade(const config::Arguments& arguments) {
  return std::ranges::any_of(kStages, [&](const char* stage) { return arguments.has(stage); });
}

trainer::CascadeRequest cascade_request(const config::Arguments& arguments, Views& views) {
  arguments.refuse({"checkpoint", "start", "suffix", "template", "length"},
                   "a cascade, whose stages write whole texts");
  trainer::CascadeRequest request{
      {}, samples_of(arguments), seed_of(arguments), read_options(arguments), views.on_step()};
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
  std::vector<proto::UserFile> files;
  for (const char* const stage : kStages) {
    files.push_back(open_output(folder / ("sample_" + std::string(stage) + ".txt")));
  }
  const auto scorer = open_scorer(arguments);
  const trainer::CascadeResult result = trainer::sample_cascade(request);
  views.finish();
  for (std::size_t stage = 0; stage < files.size(); ++stage) {
    files[stage].write(as_text(result.stages[stage]));
    files[stage].finish();
    report(result.stages[stage]);
  }
  Output to_stdout(std::nullopt);
  to_stdout.write(arguments.json ? as_json(result, request.seed) : as_text(result.stages.back()));
  std::cerr << "of the tokens of stage 1 " << 100.0 * result.kept[0]
            << " % are in the final text, of stage 2 " << 100.0 * result.kept[1]
            << " %; all three in " << folder.string() << "/sample_stage{1,2,3}.txt\n";
  report_score(scorer.get(), result.stages.back(), arguments.json ? &to_stdout : nullptr);
  check_complete(result.stages.back(), request.samples);
}

int run(const config::Arguments& arguments) {
  if (trainer::is_left_to_rank0("sample")) return 0;
  config::catch_stop_signals();
  Views views(arguments);
  is_cascade(arguments) ? sample_stages(arguments, views) : sample_one(arguments, views);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return config::run_program(make_program(), argc, argv, trainer::with_plain_errors(run));
}
