// The time without data after kill −9 of one of several producers.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tools/bench/fake_trainer.h"
#include "tools/bench/producer_pool.h"

namespace millrace::tools {

/// Seconds; one value a repeat each.
struct KillGaps {
  std::vector<double> usual;  ///< the longest time between two batches in a second before the kill
  std::vector<double> after;  ///< and in a second after it, or until data came again
};

/// `batches_per_s`: the pace of one who takes them; empty: as fast as they come, so that nothing
/// lies ready when a producer dies. At the moment of the kill leases are open. A killed producer is
/// replaced before the next repeat.
[[nodiscard]] KillGaps measure_kills(FakeTrainer& taker, ProducerPool& crew,
                                     std::optional<double> batches_per_s, std::uint64_t repeats);

}  // namespace millrace::tools
