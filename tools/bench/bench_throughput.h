// What the transport delivers to one that takes all that comes.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/bench/fake_trainer.h"

namespace millrace::tools {

/// One value a repeat each.
struct Throughput {
  std::vector<double> tokens_per_s;
  std::vector<double> mb_per_s;     ///< 10^6 bytes of columns
  std::vector<double> ready_share;  ///< of the batches, those that were there when asked for
};

/// Repeats follow one another without a pause, after one that is not counted.
[[nodiscard]] Throughput measure_throughput(FakeTrainer& taker, std::uint64_t samples,
                                            std::uint64_t repeats);

}  // namespace millrace::tools
