// prepare CONFIG [overrides] [--samples N]: computes the samples of a recipe's stream for trainers.
#include <fmt/ostream.h>

#include <spdlog/spdlog.h>
#include <iostream>

#include <limits>

#include "config/app/command_line.h"
#include "config/app/stop.h"
#include "config/recipe.h"
#include "producer/prepare.h"

namespace {

using namespace millrace;

const config::Program kProgram{
    .name = "prepare",
    .usage = "CONFIG [overrides] [--samples N]",
    .about =
        "Computes the samples of a recipe's stream and hands them to trainers, until it is "
        "stopped. Start as many as you like.",
    .flags = {{"samples", "N", "end once N train samples are out (on file://: are there)"}},
};

int run(const config::Arguments& arguments) {
  const config::Options options =
      config::load_recipe(arguments.positional.front(), arguments.overrides);
  const auto samples = arguments.number("samples", 1, std::numeric_limits<std::uint64_t>::max());
  config::catch_stop_signals();
  const producer::Prepared done = producer::prepare(options, samples);
  spdlog::info("{} samples ({} tokens) in {:.1f} s", done.samples, done.tokens, done.seconds);
  if (arguments.json) {
    fmt::print(std::cout, "{{\"samples\":{},\"tokens\":{},\"seconds\":{:.3f}}}\n", done.samples,
               done.tokens, done.seconds);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return config::run_program(kProgram, argc, argv, run); }
