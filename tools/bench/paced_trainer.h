// A trainer without a model that takes batches at a pace and measures its waiting.
#pragma once

#include <chrono>
#include <optional>

#include "tools/bench/bench_waits.h"
#include "tools/bench/fake_trainer.h"
#include "tools/bench/producer_pool.h"

namespace millrace::tools {

/// Results of taking batches for some time.
struct Paced {
  double longest_gap_s = 0;  ///< between two batches, starting with the last one before
  double waited_s = 0;       ///< from asking for a batch until it was there, summed
  double seconds = 0;
  std::uint64_t batches = 0;
};

/// Batches are due at regular times. After a wait it catches up, by at most one second.
class PacedTrainer {
 public:
  /// `batches_per_s`: the pace; empty: as fast as batches arrive.
  PacedTrainer(FakeTrainer& trainer, ProducerPool& producers, std::optional<double> batches_per_s);

  /// Takes batches for at least `time`.
  [[nodiscard]] Paced take_for(Clock::duration time);

  struct Took {
    double gap_s;     ///< since the last batch
    double waited_s;  ///< from asking for this batch until it was there
  };
  /// Takes a batch when it is due.
  Took take_one();

 private:
  FakeTrainer& trainer_;
  ProducerPool& producers_;
  Clock::duration interval_{0};
  Clock::time_point last_ = Clock::now();
  Clock::time_point due_ = last_;
};

}  // namespace millrace::tools
