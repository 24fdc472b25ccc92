// The program `evaluate`: a checkpoint's likelihood or its bound on a split, its loss per stage,
// and what the model fills in.
#include <charconv>
#include <iostream>
#include <nlohmann/json.hpp>

#include "config/app/command_line.h"
#include "config/app/stop.h"
#include "config/errors.h"
#include "proto/json_text.h"
#include "trainer/evaluation/evaluate.h"
#include "trainer/run/metrics.h"

namespace {

using namespace millrace;

constexpr std::uint64_t kMaxIters = 1'000'000;
constexpr std::uint64_t kMaxShown = 1000;
constexpr std::uint64_t kMaxWindows = 1'000'000'000'000;
constexpr std::uint64_t kMaxSamplesPerWindow = 1'000'000;
constexpr std::int64_t kMaxTimesteps = 1'000'000;
constexpr const char* kOfMeasuring[] = {"windows", "samples-per-window", "seed", "timesteps"};

const config::Program kProgram{
    .name = "evaluate",
    .usage =
        "--checkpoint DIR [--split val] [--windows N] [--samples-per-window K] [--timesteps T,…] "
        "[--show K] [overrides]",
    .about =
        "Measures a checkpoint on the windows of a split of its own stream: the bound of its "
        "likelihood, the likelihood itself, or "
        "of a masked language model loss and accuracy by masked ratio, each with its standard "
        "error. Shows samples with what the "
        "model fills in. Overrides may change where the text lies (--data.path) and how it runs, "
        "not what was trained.",
    .flags =
        {{.name = "checkpoint",
          .placeholder = "DIR",
          .help = "a checkpoint, or an output folder: its best, else its latest one"},
         {.name = "split", .placeholder = "val|test", .help = "the split; default val"},
         {.name = "windows",
          .placeholder = "N",
          .help = "windows, drawn without replacement; default all of the split"},
         {.name = "samples-per-window",
          .placeholder = "K",
          .help = "draws of time and noise for each window; default 4"},
         {.name = "seed", .placeholder = "N", .help = "of those draws; default 0"},
         {.name = "timesteps",
          .placeholder = "T,T,…",
          .help = "also the bound in so many diffusion steps, for each of these numbers"},
         {.name = "iters",
          .placeholder = "N",
          .help = "instead, the loss on N micro-batches as train tells it, overall and per stage"},
         {.name = "weights",
          .placeholder = "ema|raw",
          .help =
              "the parameters' average or the parameters; default the average where there is one"},
         {.name = "show",
          .placeholder = "K",
          .help = "show K samples: masked, filled in, original"}},
    .min_positional = 0,
    .max_positional = 0};

std::vector<std::int64_t> read_timesteps(const std::string& list) {
  std::vector<std::int64_t> steps;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    std::int64_t value = 0;
    const auto [stop, error] = std::from_chars(list.data() + begin, list.data() + end, value);
    if (error != std::errc{} || stop != list.data() + end || value < 1 || value > kMaxTimesteps) {
      throw config::UsageError("--timesteps " + list + ": \"" + list.substr(begin, end - begin) +
                               "\" is no number of steps from 1 to " +
                               std::to_string(kMaxTimesteps) + "; give a list like 4,8,16");
    }
    steps.push_back(value);
    begin = end + 1;
  }
  return steps;
}

void read_measuring(const config::Arguments& arguments, trainer::EvaluateRequest& request) {
  for (const char* const flag : kOfMeasuring) {
    if (request.iters && arguments.value(flag)) {
      throw config::UsageError(std::string("--iters tells the loss as train does, without --") +
                               flag + "; leave one of them out");
    }
  }
  request.windows = arguments.number("windows", 1, kMaxWindows);
  if (const auto samples = arguments.number("samples-per-window", 1, kMaxSamplesPerWindow)) {
    request.samples_per_window = static_cast<std::uint32_t>(*samples);
  }
  request.seed =
      arguments.number("seed", 0, std::numeric_limits<std::uint64_t>::max()).value_or(request.seed);
  if (const auto list = arguments.value("timesteps")) request.timesteps = read_timesteps(*list);
}

trainer::EvaluateRequest read(const config::Arguments& arguments) {
  trainer::EvaluateRequest request;
  const auto checkpoint = arguments.value("checkpoint");
  if (!checkpoint) {
    throw config::UsageError("--checkpoint DIR is missing: a folder like out/char_diffusion_small");
  }
  request.checkpoint = *checkpoint;
  const std::string name = arguments.value("split").value_or("val");
  const auto split = proto::split_from(name);
  if (!split || *split == proto::Split::kTrain) {
    throw config::UsageError("--split " + name + " is unknown; known: val, test");
  }
  request.split = *split;
  request.weights = arguments.value("weights");
  request.iters = arguments.number("iters", 1, kMaxIters);
  read_measuring(arguments, request);
  request.show = static_cast<std::uint32_t>(arguments.number("show", 0, kMaxShown).value_or(0));
  request.overrides = arguments.overrides;
  return request;
}

void print_json(const trainer::EvaluateResult& result) {
  if (result.evaluation) {
    std::cout << trainer::to_line(result.checkpoint.state.step, *result.evaluation);
  }
  if (result.measurement) {
    std::cout << trainer::to_json(*result.measurement, result.checkpoint);
  }
  for (const trainer::FilledIn& sample : result.samples) {
    const nlohmann::ordered_json line{
        {"masked", sample.masked}, {"filled", sample.filled}, {"original", sample.original}};
    std::cout << proto::json_text(line) << '\n';
  }
}

void print(const trainer::ValidationResult& found) {
  std::cout << proto::to_string(found.split) << " loss " << found.loss << " nats per target on "
            << found.samples << " samples\n";
  for (const auto& [name, value] : found.metrics) std::cout << "  " << name << ' ' << value << '\n';
  if (found.stages.size() > 1) {
    for (const trainer::StageLoss& stage : found.stages) {
      std::cout << "  " << stage.loss << "  " << stage.stage << " (" << stage.samples
                << " samples)\n";
    }
  }
}

void print(const trainer::EvaluateResult& result) {
  std::cout << result.checkpoint.folder.string() << ", step " << result.checkpoint.state.step
            << '\n';
  if (result.evaluation) print(*result.evaluation);
  if (result.measurement) std::cout << trainer::to_text(*result.measurement);
  for (const trainer::FilledIn& sample : result.samples) {
    std::cout << "\nmasked    " << sample.masked << "\nfilled    " << sample.filled
              << "\noriginal  " << sample.original << '\n';
  }
}

int run(const config::Arguments& arguments) {
  config::catch_stop_signals();
  const auto result = trainer::evaluate_checkpoint(read(arguments));
  if (!result) return 0;
  arguments.json ? print_json(*result) : print(*result);
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return config::run_program(kProgram, argc, argv, run); }
