// Measures the share of its time that a trainer waits for data while it takes tokens at a pace.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/bench/fake_trainer.h"
#include "tools/bench/producer_pool.h"

namespace millrace::tools {

/// One value per repeat each.
struct Waiting {
  std::vector<double> share;         ///< of the time, from asking for a batch until it was there
  std::vector<double> tokens_per_s;  ///< taken; less than the pace if batches came too late
  std::vector<double> ready_share;   ///< share of batches that were ready when asked for
};

/// A repeat takes two seconds; before the first, the window fills for one second.
[[nodiscard]] Waiting measure_waiting(FakeTrainer& trainer, ProducerPool& producers,
                                      double tokens_per_s, std::uint64_t repeats);

}  // namespace millrace::tools
