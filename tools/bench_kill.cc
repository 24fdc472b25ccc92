#include "tools/bench_kill.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "tools/bench_waits.h"

namespace millrace::tools {
namespace {

constexpr std::chrono::seconds kSettle{1};   ///< until a new producer is at work and the window is full
constexpr std::chrono::seconds kObserve{1};  ///< on either side of a kill

/// Takes at a pace, and looks at the times between two batches.
class PacedTaker {
 public:
  PacedTaker(Taker& taker, BenchCrew& crew, std::optional<double> batches_per_s) : taker_(taker), crew_(crew) {
    if (batches_per_s) interval_ = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / *batches_per_s));
  }

  /// For at least `time`; the longest gap between two batches in seconds, from the last one before it on.
  double take_for(Clock::duration time) {
    const auto start = Clock::now();
    double longest = 0;
    while (Clock::now() - start < time) longest = std::max(longest, take_one());
    crew_.check();
    return longest;
  }

  void take_until_leases_are_open() {
    const auto start = Clock::now();
    while (taker_.leases_open() == 0 && Clock::now() - start < kObserve) take_one();
  }

 private:
  /// Seconds since the one before.
  double take_one() {
    std::this_thread::sleep_until(due_);
    taker_.take();
    const auto now = Clock::now();
    due_ = std::max(due_ + interval_, now - kObserve);  // who waited long does not have it all made up for
    return seconds_between(std::exchange(last_, now), now);
  }

  Taker& taker_;
  BenchCrew& crew_;
  Clock::duration interval_{0};
  Clock::time_point last_ = Clock::now();
  Clock::time_point due_ = last_;
};

}  // namespace

KillGaps measure_kills(Taker& taker, BenchCrew& crew, std::optional<double> batches_per_s, std::uint64_t repeats) {
  KillGaps gaps;
  PacedTaker paced(taker, crew, batches_per_s);
  for (std::uint64_t i = 0; i < repeats; ++i) {
    paced.take_for(kSettle);
    gaps.usual.push_back(paced.take_for(kObserve));
    paced.take_until_leases_are_open();
    crew.kill_one();
    gaps.after.push_back(paced.take_for(kObserve));
    crew.replace_killed();
  }
  return gaps;
}

}  // namespace millrace::tools
