// bench SUBJECT …: measures a provider, what a transport delivers and how it recovers, or training
// steps.
#include "tools/subcommands.h"

int main(int argc, char** argv) {
  using namespace millrace::tools;
  return run_subcommand("bench", "Measures:", {provider_bench(), stream_bench(), train_bench()},
                        argc, argv);
}
