// The share of its time that a trainer waits for data, of one that takes tokens at a pace.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/bench/fake_trainer.h"
#include "tools/bench/producer_pool.h"

namespace millrace::tools {

/// One value a repeat each.
struct Waiting {
  /// From asking for a batch until it was there: every moment of it counts.
  std::vector<double> share;
  /// That were taken: less than the pace where they did not come.
  std::vector<double> tokens_per_s;
  std::vector<double> ready_share;  ///< of the batches, those that were there when asked for
};

/// A repeat lasts for seconds, after one in which the window fills.
[[nodiscard]] Waiting measure_waiting(FakeTrainer& taker, ProducerPool& crew, double tokens_per_s,
                                      std::uint64_t repeats);

}  // namespace millrace::tools
