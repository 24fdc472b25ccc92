// bench SUBJECT …: measures a provider, a transport with its recovery, or training steps.
#include "tools/subcommands.h"

int main(int argc, char** argv) {
  using namespace millrace::tools;
  return run_subcommand("bench", "Measures:", {provider_bench(), stream_bench(), train_bench()},
                        argc, argv);
}
