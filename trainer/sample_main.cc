// The program `sample`: texts that a checkpoint's model writes.
#include <charconv>
#include <fstream>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "config/command_line.h"
#include "config/errors.h"
#include "config/stop.h"
#include "trainer/sample.h"

namespace {

using namespace millrace;

constexpr std::uint64_t kMost = 1'000'000;
constexpr std::size_t kSeparator = 80;

const config::Program kProgram{
    .name = "sample",
    .usage = "--checkpoint DIR [--samples N] [--length L] [--steps S] [--seed K] [--start TEXT] [overrides]",
    .about =
        "Writes texts with a checkpoint's model, by the sampler that goes with its objective. TEXT may be FILE:PATH.\nOverrides "
        "may change how it runs (--train.device), not what was trained.",
    .flags = {{.name = "checkpoint",
               .placeholder = "DIR",
               .help = "a checkpoint, or an output folder: its best, else its latest one"},
              {.name = "samples", .placeholder = "N", .help = "how many texts; default 1"},
              {.name = "length", .placeholder = "L", .help = "tokens of a text with what is given; default the block"},
              {.name = "steps", .placeholder = "S", .help = "denoising steps; default 64"},
              {.name = "seed", .placeholder = "K", .help = "the same seed gives the same texts; default 1337"},
              {.name = "sampler",
               .placeholder = "NAME",
               .help = "analytic, euler, ancestral, first_hitting, confidence or autoregressive; default the objective's"},
              {.name = "temperature", .placeholder = "T", .help = "divides the logits; 0 takes the likeliest token; default 1"},
              {.name = "top-k", .placeholder = "K", .help = "draws from the K likeliest tokens"},
              {.name = "top-p", .placeholder = "P", .help = "draws from the fewest tokens that have this probability together"},
              {.name = "start", .placeholder = "TEXT", .help = "how each text begins"},
              {.name = "suffix", .placeholder = "TEXT", .help = "how each text ends"},
              {.name = "template", .placeholder = "TEXT", .help = "all of the text, with [MASK] for each token to be written"},
              {.name = "weights",
               .placeholder = "ema|raw",
               .help = "the parameters' average or the parameters; default the average where there is one"},
              {.name = "output", .placeholder = "FILE", .help = "writes there instead of on stdout"}},
    .min_positional = 0,
    .max_positional = 0};

double real(const config::Arguments& arguments, const std::string& flag, double fallback, double least, double most,
            const std::string& range) {
  const auto given = arguments.value(flag);
  if (!given) return fallback;
  double value = 0.0;
  const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), value);
  if (error != std::errc{} || end != given->data() + given->size() || !(value >= least && value <= most))
    throw config::UsageError("--" + flag + " " + *given + " is not a number " + range);
  return value;
}

trainer::SampleRequest read(const config::Arguments& arguments) {
  trainer::SampleRequest request;
  const auto checkpoint = arguments.value("checkpoint");
  if (!checkpoint) throw config::UsageError("--checkpoint DIR is missing: a folder like out/mdlm_small");
  request.checkpoint = *checkpoint;
  request.samples = arguments.number("samples", 1, kMost).value_or(request.samples);
  request.seed = arguments.number("seed", 0, std::numeric_limits<std::uint64_t>::max()).value_or(request.seed);
  request.steps = arguments.number("steps", 1, kMost);
  request.sampler = arguments.value("sampler").value_or("");
  request.temperature = real(arguments, "temperature", 1.0, 0.0, 1e6, "from 0 to 1e6");
  request.top_k = arguments.number("top-k", 1, kMost).value_or(0);
  request.top_p = real(arguments, "top-p", 1.0, std::numeric_limits<double>::min(), 1.0, "above 0, at most 1");
  request.prompt = {arguments.value("start"), arguments.value("suffix"), arguments.value("template"),
                    arguments.number("length", 1, kMost)};
  request.weights = arguments.value("weights");
  if (request.weights && *request.weights != "ema" && *request.weights != "raw")
    throw config::UsageError("--weights " + *request.weights + " is unknown; known: ema, raw");
  request.overrides = arguments.overrides;
  return request;
}

std::string as_json(const trainer::SampleResult& result, std::uint64_t seed) {
  std::string lines;
  for (const trainer::WrittenText& text : result.texts)
    lines +=
        nlohmann::ordered_json{
            {"sample", text.number}, {"seed", seed}, {"step", result.step}, {"text", text.text}, {"tokens", text.tokens}}
            .dump() +
        '\n';
  return lines;
}

std::string as_text(const trainer::SampleResult& result) {
  std::string all;
  for (const trainer::WrittenText& text : result.texts) all += text.text + '\n' + std::string(kSeparator, '=') + '\n';
  return all;
}

int run(const config::Arguments& arguments) {
  config::catch_stop_signals();
  const trainer::SampleRequest request = read(arguments);
  std::ofstream file;
  const auto path = arguments.value("output");
  if (path) file.open(*path, std::ios::binary);
  if (path && !file) throw config::UsageError("--output " + *path + " cannot be written; name a file in a folder that is there");
  const trainer::SampleResult result = trainer::sample_checkpoint(request);
  std::ostream& out = path ? file : std::cout;
  out << (arguments.json ? as_json(result, request.seed) : as_text(result)) << std::flush;
  if (!out) throw std::runtime_error("the samples could not be written" + (path ? " to " + *path : "") + "; is the disk full?");
  std::cerr << result.folder.string() << ", step " << result.step << ": " << result.texts.size() << " texts, "
            << result.network_calls << " network calls";
  if (result.clamped > 0) std::cerr << ", " << result.clamped << " transitions had a negative probability (more --steps help)";
  std::cerr << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return config::run_program(kProgram, argc, argv, run); }
