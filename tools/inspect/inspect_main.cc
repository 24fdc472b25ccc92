// inspect SUBJECT …: looks inside a stream, a queue, a checkpoint or a queue file. Changes nothing.
#include "tools/subcommands.h"

int main(int argc, char** argv) {
  using namespace millrace::tools;
  return run_subcommand(
      "inspect", "Looks inside, and changes nothing:",
      {stream_subcommand(), queue_subcommand(), checkpoint_subcommand(), batch_subcommand()}, argc,
      argv);
}
