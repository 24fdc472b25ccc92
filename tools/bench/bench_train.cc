// bench train CONFIG: its command line. The program bench_train does the work, so that `bench`
// starts without LibTorch.
#include "tools/subcommands.h"

namespace millrace::tools {

Subcommand train_bench() {
  return {"train",
          {.name = "bench train",
           .usage = "CONFIG [overrides] [--steps N] [--repeats R]",
           .about = "Measures training steps of a recipe, on a few batches that are computed "
                    "beforehand, so that no step waits for data;\n"
                    "and the machine's matrix products in between. Writes no files.",
           .flags = {{"steps", "N", "steps per repeat; default: about two seconds of them"},
                     {"repeats", "R",
                      "number of repeats, each followed by the other measurements; default 5"}}},
          {},
          "bench_train"};
}

}  // namespace millrace::tools
