// The program `evaluate`: a checkpoint's loss on val, per stage, and what the model fills in.
#include <iostream>
#include <nlohmann/json.hpp>

#include "config/command_line.h"
#include "config/errors.h"
#include "config/stop.h"
#include "trainer/evaluate.h"
#include "trainer/metrics.h"

namespace {

using namespace millrace;

constexpr std::uint64_t kMaxIters = 1'000'000;
constexpr std::uint64_t kMaxShown = 1000;

const config::Program kProgram{
    .name = "evaluate",
    .usage = "--checkpoint DIR [--split val] [--iters N] [--show K] [overrides]",
    .about =
        "Computes a checkpoint's loss on a split of its own stream, overall and per stage, and shows samples with what the model "
        "fills in. Overrides may change where the text lies (--data.path) and how it runs, not what was trained.",
    .flags = {{.name = "checkpoint",
               .placeholder = "DIR",
               .help = "a checkpoint, or an output folder: its best, else its latest one"},
              {.name = "split", .placeholder = "val|test", .help = "the split; default val"},
              {.name = "iters", .placeholder = "N", .help = "micro-batches; default the recipe's eval_iters"},
              {.name = "weights",
               .placeholder = "ema|raw",
               .help = "the parameters' average or the parameters; default the average where there is one"},
              {.name = "show", .placeholder = "K", .help = "show K samples: masked, filled in, original"}},
    .min_positional = 0,
    .max_positional = 0};

trainer::EvaluateRequest read(const config::Arguments& arguments) {
  trainer::EvaluateRequest request;
  const auto checkpoint = arguments.value("checkpoint");
  if (!checkpoint) throw config::UsageError("--checkpoint DIR is missing: a folder like out/char_diffusion_small");
  request.checkpoint = *checkpoint;
  const std::string name = arguments.value("split").value_or("val");
  const auto split = proto::split_from(name);
  if (!split || *split == proto::Split::kTrain) throw config::UsageError("--split " + name + " is unknown; known: val, test");
  request.split = *split;
  request.weights = arguments.value("weights");
  if (request.weights && *request.weights != "ema" && *request.weights != "raw")
    throw config::UsageError("--weights " + *request.weights + " is unknown; known: ema, raw");
  request.iters = arguments.number("iters", 1, kMaxIters);
  request.show = static_cast<std::uint32_t>(arguments.number("show", 0, kMaxShown).value_or(0));
  request.overrides = arguments.overrides;
  return request;
}

void print_json(const trainer::EvaluateResult& result) {
  std::cout << trainer::to_line(result.step, result.evaluation);
  for (const trainer::FilledIn& sample : result.samples)
    std::cout << nlohmann::ordered_json{{"masked", sample.masked}, {"filled", sample.filled}, {"original", sample.original}}.dump()
              << '\n';
}

void print(const trainer::EvaluateResult& result) {
  const trainer::Evaluation& found = result.evaluation;
  std::cout << result.folder.string() << ", step " << result.step << '\n'
            << proto::to_string(found.split) << " loss " << found.loss << " nats per target on " << found.samples << " samples\n";
  for (const auto& [name, value] : found.metrics) std::cout << "  " << name << ' ' << value << '\n';
  if (found.stages.size() > 1)
    for (const trainer::StageLoss& stage : found.stages)
      std::cout << "  " << stage.loss << "  " << stage.stage << " (" << stage.samples << " samples)\n";
  for (const trainer::FilledIn& sample : result.samples)
    std::cout << "\nmasked    " << sample.masked << "\nfilled    " << sample.filled << "\noriginal  " << sample.original << '\n';
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
