// inspect SUBJECT …: looks inside a stream, a queue, a checkpoint or a queue file. Changes nothing.
#include "tools/subcommands.h"

int main(int argc, char** argv) {
  using namespace millrace::tools;
  return run_subject("inspect", "Looks inside, and changes nothing:",
                     {stream_subject(), queue_subject(), checkpoint_subject(), batch_subject()},
                     argc, argv);
}
