// Repeated kills at a pace.
#include "tools/bench/bench_kill.h"

#include <chrono>

#include "tools/bench/bench_waits.h"
#include "tools/bench/paced_trainer.h"

namespace millrace::tools {
namespace {

/// Time for a new producer to start and the window to fill.
constexpr std::chrono::seconds kSettle{1};
constexpr std::chrono::seconds kObserve{1};  ///< before and after a kill

void take_until_leases_are_open(FakeTrainer& trainer, PacedTrainer& paced) {
  const auto start = Clock::now();
  while (trainer.leases_open() == 0 && Clock::now() - start < kObserve) {
    static_cast<void>(paced.take_one());
  }
}

}  // namespace

KillGaps measure_kills(FakeTrainer& trainer, ProducerPool& producers,
                       std::optional<double> batches_per_s, std::uint64_t repeats) {
  KillGaps gaps;
  PacedTrainer paced(trainer, producers, batches_per_s);
  for (std::uint64_t i = 0; i < repeats; ++i) {
    static_cast<void>(paced.take_for(kSettle));
    gaps.usual.push_back(paced.take_for(kObserve).longest_gap_s);
    take_until_leases_are_open(trainer, paced);
    producers.kill_one();
    gaps.after.push_back(paced.take_for(kObserve).longest_gap_s);
    producers.replace_killed();
  }
  return gaps;
}

}  // namespace millrace::tools
