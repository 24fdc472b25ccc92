// The protocol in simulated time, with every fault of networks and processes. A failing seed
// replays exactly with MILLRACE_SIM_FIRST=SEED MILLRACE_SIM_SEEDS=1.
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/simulator/leases_run.h"
#include "tests/simulator/seeds.h"

namespace millrace::simulator {
namespace {

TEST(LeasesSimulation, TheCommittedHistoryIsTheFunctionWhateverDies) {
  const Seeds seeds = seeds_from_environment(9500);
  const Outcome sum = run_seeds(seeds, run_leases);
  ASSERT_EQ(sum.failure, "");
  std::printf(
      "%llu runs: %llu simulated minutes, %llu messages, %llu producers killed, %llu resumes\n",
      static_cast<unsigned long long>(seeds.count),
      static_cast<unsigned long long>(sum.simulated_ms / 60000),
      static_cast<unsigned long long>(sum.letters), static_cast<unsigned long long>(sum.kills),
      static_cast<unsigned long long>(sum.resumes));
  if (seeds.count < 1000) return;
  EXPECT_GT(sum.kills, seeds.count / 4);  // that the faults did happen
  EXPECT_GT(sum.resumes, seeds.count / 4);
}

TEST(LeasesSimulation, ASeedReplaysExactly) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Outcome first = run_leases(seed, false);
    const Outcome second = run_leases(seed, false);
    EXPECT_EQ(first.letters, second.letters);
    EXPECT_EQ(first.simulated_ms, second.simulated_ms);
  }
}

}  // namespace
}  // namespace millrace::simulator
