// inspect SUBJECT …: shows the contents of a stream, a queue, a checkpoint or a queue file, and
// changes nothing.
#include "tools/subcommands.h"

int main(int argc, char** argv) {
  using namespace millrace::tools;
  return run_subcommand(
      "inspect", "Shows the contents of streams and files, and changes nothing:",
      {stream_subcommand(), queue_subcommand(), checkpoint_subcommand(), batch_subcommand()}, argc,
      argv);
}
