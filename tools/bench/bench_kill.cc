#include "tools/bench/bench_kill.h"

#include <chrono>

#include "tools/bench/bench_waits.h"
#include "tools/bench/paced_trainer.h"

namespace millrace::tools {
namespace {

/// Until a new producer is at work and the window is full.
constexpr std::chrono::seconds kSettle{1};
constexpr std::chrono::seconds kObserve{1};  ///< on either side of a kill

void take_until_leases_are_open(FakeTrainer& taker, PacedTrainer& paced) {
  const auto start = Clock::now();
  while (taker.leases_open() == 0 && Clock::now() - start < kObserve) {
    static_cast<void>(paced.take_one());
  }
}

}  // namespace

KillGaps measure_kills(FakeTrainer& taker, ProducerPool& crew, std::optional<double> batches_per_s,
                       std::uint64_t repeats) {
  KillGaps gaps;
  PacedTrainer paced(taker, crew, batches_per_s);
  for (std::uint64_t i = 0; i < repeats; ++i) {
    static_cast<void>(paced.take_for(kSettle));
    gaps.usual.push_back(paced.take_for(kObserve).longest_gap_s);
    take_until_leases_are_open(taker, paced);
    crew.kill_one();
    gaps.after.push_back(paced.take_for(kObserve).longest_gap_s);
    crew.replace_killed();
  }
  return gaps;
}

}  // namespace millrace::tools
