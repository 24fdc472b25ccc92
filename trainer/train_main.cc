// The program `train`: one rank of a training run; torchrun starts more.
#include "config/app/command_line.h"
#include "config/app/stop.h"
#include "config/errors.h"
#include "config/per_dataset.h"
#include "trainer/base/torch_errors.h"
#include "trainer/training/train.h"

namespace {

using namespace millrace;

const config::Program kProgram{
    .name = "train",
    .usage = "CONFIG [overrides] [--resume[=auto|DIR]] [--record-stream FILE] [--all]",
    .about =
        "Trains the recipe's model on its stream, as one rank (torchrun starts several). Waits for "
        "producers; SIGTERM, SIGINT and SIGHUP save a checkpoint and end it, SIGUSR1 saves one.",
    .flags = {
        {.name = "resume",
         .placeholder = "auto|DIR",
         .help = "resume from the newest complete checkpoint; auto: or start anew where there is "
                 "none; DIR: from that one",
         .value_optional = true,
         .kind = config::Path{}},
        {.name = "record-stream",
         .placeholder = "FILE",
         .help = "write `step split index stage digest` for every sample that this rank uses",
         .kind = config::Path{}},
        {.name = "all",
         .placeholder = "",
         .help = "train one model for each enabled dataset of data.datasets in turn, in "
                 "OUT_DIR/NAME; resumes where it stopped"}}};

/// --all resumes by itself, and has no single file for the samples of several runs.
void refuse_beside_all(const config::Arguments& arguments) {
  if (arguments.has("record-stream")) {
    throw config::UsageError(
        "--record-stream writes the samples of one run, and --all makes several; use --dataset "
        "NAME");
  }
  if (arguments.has("resume") && arguments.value("resume").value_or("auto") != "auto") {
    throw config::UsageError(
        "--all goes on from each run's own newest checkpoint; leave --resume out");
  }
}

int run(const config::Arguments& arguments) {
  const auto options = config::load_recipe(arguments.positional.at(0), arguments.overrides);
  config::catch_stop_signals();
  if (arguments.has("all")) {
    refuse_beside_all(arguments);
    trainer::train_all(config::per_dataset(options));
    return 0;
  }
  trainer::train(options, {.resume = trainer::resume_request(arguments.has("resume"),
                                                             arguments.value("resume")),
                           .record_path = arguments.value("record-stream")});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return config::run_program(kProgram, argc, argv, trainer::with_plain_errors(run));
}
