// Measures the time without data after kill −9 of one of several producers.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tools/bench/fake_trainer.h"
#include "tools/bench/producer_pool.h"

namespace millrace::tools {

/// Seconds; one value per repeat each.
struct KillGaps {
  std::vector<double> usual;  ///< longest time between two batches in the second before the kill
  std::vector<double> after;  ///< the same in the second after it, or until data arrives again
};

/// `batches_per_s`: the trainer's pace; empty: as fast as batches arrive, so that none is ready
/// when a producer dies. Producers are killed while leases are open, if the transport has leases,
/// and replaced before the next repeat.
[[nodiscard]] KillGaps measure_kills(FakeTrainer& trainer, ProducerPool& producers,
                                     std::optional<double> batches_per_s, std::uint64_t repeats);

}  // namespace millrace::tools
