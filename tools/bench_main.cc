// bench SUBJECT …: measures a provider, or what a transport delivers and how it recovers.
#include "tools/subjects.h"

int main(int argc, char** argv) {
  using namespace millrace::tools;
  return run_subject("bench", "Measures:", {provider_bench(), stream_bench()}, argc, argv);
}
