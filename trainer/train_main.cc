// The program `train`: one rank of a training run; torchrun starts more.
#include "config/command_line.h"
#include "config/stop.h"
#include "trainer/train_loop.h"

namespace {

using namespace millrace;

const config::Program kProgram{
    .name = "train",
    .usage = "CONFIG [overrides] [--resume[=auto|DIR]] [--record-stream FILE]",
    .about =
        "Trains the recipe's model on its stream, as one rank (torchrun starts several). Waits for producers; SIGTERM and SIGINT "
        "save a checkpoint and end it.",
    .flags = {{.name = "resume",
               .placeholder = "auto|DIR",
               .help = "go on from the newest whole checkpoint; auto: or start where there is none; DIR: from that one",
               .value_optional = true},
              {.name = "record-stream",
               .placeholder = "FILE",
               .help = "write `step split index stage digest` for every sample that this rank uses"}}};

int run(const config::Arguments& arguments) {
  config::catch_stop_signals();
  const auto options = config::load_recipe(arguments.positional.at(0), arguments.overrides);
  trainer::train(options, {.resume = trainer::resume_request(arguments.has("resume"), arguments.value("resume")),
                           .record_path = arguments.value("record-stream")});
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return config::run_program(kProgram, argc, argv, run); }
