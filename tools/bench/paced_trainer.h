// A trainer without a model that takes batches at a pace, and looks at how it fares.
#pragma once

#include <chrono>
#include <optional>

#include "tools/bench/bench_waits.h"
#include "tools/bench/fake_trainer.h"
#include "tools/bench/producer_pool.h"

namespace millrace::tools {

/// Of some time of taking.
struct Paced {
  double longest_gap_s = 0;  ///< between two batches, from the last one before it on
  double waited_s = 0;       ///< from asking for a batch until it was there, of all of them
  double seconds = 0;
  std::uint64_t batches = 0;
};

/// What is due is taken when it is there: who waited makes up for it, but not for more than a
/// second.
class PacedTrainer {
 public:
  /// Empty: as fast as they come.
  PacedTrainer(FakeTrainer& taker, ProducerPool& crew, std::optional<double> batches_per_s);

  /// For at least `time`.
  [[nodiscard]] Paced take_for(Clock::duration time);

  /// When it is due. Seconds since the one before, and those of them that it was waited for.
  struct Took {
    double gap_s;
    double waited_s;
  };
  Took take_one();

 private:
  FakeTrainer& taker_;
  ProducerPool& crew_;
  Clock::duration interval_{0};
  Clock::time_point last_ = Clock::now();
  Clock::time_point due_ = last_;
};

}  // namespace millrace::tools
