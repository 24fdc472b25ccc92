// Due times, gaps and waits.
#include "tools/bench/paced_trainer.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace millrace::tools {
namespace {

constexpr std::chrono::seconds kCatchUpAtMost{1};

}  // namespace

PacedTrainer::PacedTrainer(FakeTrainer& trainer, ProducerPool& producers,
                           std::optional<double> batches_per_s)
    : trainer_(trainer), producers_(producers) {
  if (batches_per_s) {
    interval_ = std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(1 / *batches_per_s));
  }
}

Paced PacedTrainer::take_for(Clock::duration time) {
  const auto start = Clock::now();
  Paced paced;
  while (Clock::now() - start < time) {
    const Took took = take_one();
    paced.longest_gap_s = std::max(paced.longest_gap_s, took.gap_s);
    paced.waited_s += took.waited_s;
    ++paced.batches;
  }
  paced.seconds = seconds_since(start);
  producers_.check();
  return paced;
}

PacedTrainer::Took PacedTrainer::take_one() {
  std::this_thread::sleep_until(due_);
  const auto asked = Clock::now();
  trainer_.take();
  const auto now = Clock::now();
  due_ = std::max(due_ + interval_, now - kCatchUpAtMost);
  return {seconds_between(std::exchange(last_, now), now), seconds_between(asked, now)};
}

}  // namespace millrace::tools
