// Measures the throughput of a transport to a trainer that takes batches as fast as they arrive.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/bench/fake_trainer.h"

namespace millrace::tools {

/// One value per repeat each.
struct Throughput {
  std::vector<double> tokens_per_s;
  std::vector<double> mb_per_s;     ///< 10^6 bytes of columns
  std::vector<double> ready_share;  ///< share of batches that were ready when asked for
};

/// Repeats follow each other without a pause; one before them is not counted.
[[nodiscard]] Throughput measure_throughput(FakeTrainer& trainer, std::uint64_t samples,
                                            std::uint64_t repeats);

}  // namespace millrace::tools
