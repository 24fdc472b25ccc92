// The program `evaluate`: a checkpoint's likelihood on a split, or an upper bound; or its loss per
// stage; and samples with the tokens that the model fills in.
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/text.h"
#include "config/app/command_line.h"
#include "config/app/stop.h"
#include "config/errors.h"
#include "proto/json_text.h"
#include "trainer/base/torch_errors.h"
#include "trainer/distributed/distributed_env.h"
#include "trainer/evaluation/evaluate.h"
#include "trainer/run/metrics.h"

namespace {

using namespace millrace;
using config::OneOf, config::WholeNumber;

constexpr std::uint64_t kMaxIters = 1'000'000;
constexpr std::uint64_t kMaxShown = 1000;
constexpr std::uint64_t kMaxWindows = 1'000'000'000'000;
constexpr std::uint64_t kMaxSamplesPerWindow = 1'000'000;
constexpr std::int64_t kMaxTimesteps = 1'000'000;

const config::Program kProgram{
    .name = "evaluate",
    .usage =
        "--checkpoint DIR [--split val] [--windows N] [--samples-per-window K] [--timesteps T,…] "
        "[--show K] [overrides]",
    .about =
        "Measures a checkpoint on the windows of a split of its own stream: NLL or its upper "
        "bound; "
        "for masked language\n"
        "models, loss and accuracy by mask ratio; each with its standard error. Shows samples with "
        "the tokens that the\n"
        "model fills in. Overrides may change where the text lies (--data.path) and how the model "
        "runs, not what was\n"
        "trained.",
    .flags =
        {{.name = "checkpoint",
          .placeholder = "DIR",
          .help = "a checkpoint, or an output folder: its best checkpoint, else its latest",
          .kind = config::Path{}},
         {.name = "split",
          .placeholder = "val|test",
          .help = "the split; default val",
          .kind = OneOf{{"val", "test"}}},
         {.name = "windows",
          .placeholder = "N",
          .help = "how many windows, drawn without replacement; default all of the split",
          .kind = WholeNumber{1, kMaxWindows}},
         {.name = "samples-per-window",
          .placeholder = "K",
          .help = "draws of time and noise for each window; default 4",
          .kind = WholeNumber{1, kMaxSamplesPerWindow}},
         {.name = "seed",
          .placeholder = "N",
          .help = "seed of these draws; default 0",
          .kind = WholeNumber{0, std::numeric_limits<std::uint64_t>::max()}},
         {.name = "timesteps",
          .placeholder = "T,T,…",
          .help = "also the bound in T diffusion steps, for each T"},
         {.name = "iters",
          .placeholder = "N",
          .help = "instead, the loss on N micro-batches as train reports it, overall and per stage",
          .kind = WholeNumber{1, kMaxIters}},
         {.name = "weights",
          .placeholder = "ema|raw",
          .help = "ema: the parameters' moving average; raw: the parameters; default ema where "
                  "there is one"},
         {.name = "show",
          .placeholder = "K",
          .help = "show K samples: masked, filled in, original",
          .kind = WholeNumber{0, kMaxShown}}},
    .min_positional = 0,
    .max_positional = 0};

std::vector<std::int64_t> read_timesteps(const std::string& list) {
  std::vector<std::int64_t> timesteps;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    const std::string word = list.substr(begin, end - begin);
    const auto number = base::parse_number<std::int64_t>(word);
    if (!number || *number < 1 || *number > kMaxTimesteps) {
      throw config::UsageError("--timesteps " + list + ": \"" + word +
                               "\" is no number of steps from 1 to " +
                               std::to_string(kMaxTimesteps) + "; give a list like 4,8,16");
    }
    timesteps.push_back(*number);
    begin = end + 1;
  }
  return timesteps;
}

void read_likelihood_flags(const config::Arguments& arguments, trainer::EvaluateRequest& request) {
  if (request.iters) {
    arguments.refuse({"windows", "samples-per-window", "seed", "timesteps"},
                     "--iters, which tells the loss as train does");
  }
  request.windows = arguments.number("windows");
  if (const auto samples = arguments.number("samples-per-window")) {
    request.samples_per_window = static_cast<std::uint32_t>(*samples);
  }
  request.seed = arguments.number("seed");
  if (const auto list = arguments.value("timesteps")) request.timesteps = read_timesteps(*list);
}

trainer::EvaluateRequest read(const config::Arguments& arguments) {
  trainer::EvaluateRequest request;
  const auto checkpoint = arguments.value("checkpoint");
  if (!checkpoint) {
    throw config::UsageError("--checkpoint DIR is missing: a folder like out/char_diffusion_small");
  }
  request.checkpoint = *checkpoint;
  request.split = proto::split_from(arguments.value("split").value_or("val")).value();
  request.weights = arguments.value("weights");
  request.iters = arguments.number("iters");
  read_likelihood_flags(arguments, request);
  request.show = static_cast<std::uint32_t>(arguments.number("show").value_or(0));
  request.overrides = arguments.overrides;
  return request;
}

void print_json(const trainer::EvaluateResult& result) {
  if (result.validation) {
    std::cout << trainer::to_line(result.checkpoint.state.step, *result.validation);
  }
  if (result.likelihood) std::cout << trainer::to_json(*result.likelihood, result.checkpoint);
  for (const trainer::FilledIn& sample : result.samples) {
    const nlohmann::ordered_json line{
        {"masked", sample.masked}, {"filled", sample.filled}, {"original", sample.original}};
    std::cout << proto::json_text(line) << '\n';
  }
}

void print(const trainer::ValidationResult& validation) {
  std::cout << proto::to_string(validation.split) << " loss " << validation.loss
            << " nats per target on " << validation.samples << " samples\n";
  for (const auto& [name, value] : validation.metrics) {
    std::cout << "  " << name << ' ' << value << '\n';
  }
  if (validation.stages.size() > 1) {
    for (const trainer::StageLoss& stage : validation.stages) {
      std::cout << "  " << stage.loss << "  " << stage.stage << " (" << stage.samples
                << " samples)\n";
    }
  }
}

void print(const trainer::EvaluateResult& result) {
  std::cout << result.checkpoint.folder.string() << ", step " << result.checkpoint.state.step
            << '\n';
  if (result.validation) print(*result.validation);
  if (result.likelihood) std::cout << trainer::to_text(*result.likelihood);
  for (const trainer::FilledIn& sample : result.samples) {
    std::cout << "\nmasked    " << sample.masked << "\nfilled    " << sample.filled
              << "\noriginal  " << sample.original << '\n';
  }
}

int run(const config::Arguments& arguments) {
  if (trainer::is_left_to_rank0(kProgram.name)) return 0;
  config::catch_stop_signals();
  const trainer::EvaluateRequest request = read(arguments);
  const auto result = trainer::evaluate_checkpoint(request);
  if (!result) throw std::runtime_error("stopped before there was a result");
  arguments.json ? print_json(*result) : print(*result);
  if (request.show > 0 && result->samples.empty()) {
    throw std::runtime_error("stopped before samples were filled in for --show");
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return config::run_program(kProgram, argc, argv, trainer::with_plain_errors(run));
}
