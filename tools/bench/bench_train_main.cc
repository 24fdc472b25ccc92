// bench_train CONFIG, which `bench train` becomes: measures training steps of a recipe, and the
// machine's matrix products.
#include <fmt/ostream.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "config/recipe.h"
#include "proto/json_text.h"
#include "tools/bench/bench_numbers.h"
#include "tools/bench/bench_waits.h"
#include "tools/subcommands.h"
#include "trainer/base/torch_errors.h"
#include "trainer/bench/step_benchmark.h"

namespace {

using namespace millrace;
using tools::median, tools::smallest, tools::largest, tools::with_prefix;

constexpr std::uint64_t kMostRepeats = 1000;
constexpr std::uint64_t kMostSteps = 1'000'000;
constexpr double kMs = 1e-3;
constexpr double kGiga = 1e9;

/// The figures that are printed.
struct Figures {
  explicit Figures(const trainer::StepTimes& times)
      : step_ms(median(times.step_ms)),
        forward_ms(median(times.forward_ms)),
        tokens_per_s(static_cast<double>(times.tokens) / (step_ms * kMs)),
        model_gflops(times.model_flops / (step_ms * kMs) / kGiga),
        share(model_gflops / median(times.product_gflops.at(times.dtype))) {}
  double step_ms, forward_ms, tokens_per_s, model_gflops, share;
};

void print_json(const config::Options& options, const trainer::StepTimes& times,
                const Figures& figures) {
  nlohmann::ordered_json line = {
      {"bench", "train"},
      {"objective", options.train.objective},
      {"architecture", options.model.architecture},
      {"parameters", times.parameters},
      {"device", times.device},
      {"dtype", times.dtype},
      {"threads", times.threads},
      {"batch_size", options.train.batch_size},
      {"gradient_accumulation_steps", options.train.gradient_accumulation_steps},
      {"sequence", times.sequence},
      {"tokens", times.tokens},
      {"steps", times.step_ms.size()},
      {"step_ms", figures.step_ms},
      {"least_step_ms", smallest(times.step_ms)},
      {"most_step_ms", largest(times.step_ms)},
      {"forward_ms", figures.forward_ms},
      {"tokens_per_s", figures.tokens_per_s},
      {"peak_resident_bytes", times.peak_bytes},
      {"model_flops", times.model_flops},
      {"model_gflops", figures.model_gflops}};
  for (const auto& [type, gflops] : times.product_gflops) {
    line["product_gflops"][type] = median(gflops);
  }
  line["share_of_product"] = figures.share;
  std::cout << proto::json_text(line) << std::endl;
}

void print(const config::Options& options, const trainer::StepTimes& times,
           const Figures& figures) {
  fmt::print(std::cout, "{} on {} of {} parameters, {} on {}, {} threads; {} tokens a step\n",
             options.train.objective, options.model.architecture, times.parameters, times.dtype,
             times.device, times.threads, times.tokens);
  fmt::print(
      std::cout,
      "  a step: {:.1f} ms, from {:.1f} to {:.1f} in {} of them; {}tokens/s; forward alone: {:.1f} "
      "ms\n",
      figures.step_ms, smallest(times.step_ms), largest(times.step_ms), times.step_ms.size(),
      with_prefix(figures.tokens_per_s), figures.forward_ms);
  fmt::print(std::cout, "  memory: {:.0f} MB resident at most\n",
             static_cast<double>(times.peak_bytes) / 1e6);
  fmt::print(
      std::cout,
      "  model: {:.3g} GFLOP a step, {:.3g} GFLOP/s, {:.0f} % of the matrix product below in {}\n",
      times.model_flops / kGiga, figures.model_gflops, 100 * figures.share, times.dtype);
  for (const auto& [type, gflops] : times.product_gflops) {
    fmt::print(std::cout, "  product [{}, {}] x [{}, {}] in {}: {:.3g} GFLOP/s\n",
               times.product_rows, options.model.n_embd, options.model.n_embd,
               4 * options.model.n_embd, type, median(gflops));
  }
}

int run(const config::Arguments& arguments) {
  const config::Options options =
      config::load_recipe(arguments.positional.front(), arguments.overrides);
  config::catch_stop_signals();
  trainer::StepTimesRequest request;
  request.repeats = arguments.number("repeats", 1, kMostRepeats).value_or(request.repeats);
  request.steps = arguments.number("steps", 1, kMostSteps);
  const auto times = trainer::time_steps(options, request);
  if (!times) tools::check_not_stopped();
  const Figures figures(times.value());
  arguments.json ? print_json(options, *times, figures) : print(options, *times, figures);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return config::run_program(tools::train_bench().program, argc, argv,
                             trainer::with_plain_errors(run));
}
