// bench train CONFIG: what can be asked of it. The program bench_train answers, so that `bench`
// starts without LibTorch.
#include "tools/subcommands.h"

namespace millrace::tools {

Subcommand train_bench() {
  return {"train",
          {.name = "bench train",
           .usage = "CONFIG [overrides] [--steps N] [--repeats R]",
           .about = "Takes steps of a recipe's training, on a few batches that its provider "
                    "computes beforehand, so that no step waits "
                    "for data; and says what the machine's matrix products do meanwhile. Nothing "
                    "is written.",
           .flags = {{"steps", "N", "in a repeat; default: as many as take about two seconds"},
                     {"repeats", "R", "each followed by the other measurements; default 5"}}},
          {},
          "bench_train"};
}

}  // namespace millrace::tools
