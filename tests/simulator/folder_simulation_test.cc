// The queue folder and the checkpoints in simulated time, with every fault of processes and disks:
// see leases_simulation_test.cc.
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <cstdio>

#include "tests/simulator/folder_run.h"
#include "tests/simulator/seeds.h"

namespace millrace::simulator {
namespace {

TEST(FolderSimulation, TheCommittedHistoryIsTheFunctionWhateverDies) {
  const Seeds seeds = seeds_from_environment(600);
  if (seeds.count > 1) spdlog::set_level(spdlog::level::off);
  const Outcome sum = run_seeds(seeds, run_folder);
  ASSERT_EQ(sum.failure, "");
  std::printf("%llu runs: %llu simulated minutes, %llu processes killed, %llu trainers started\n",
              static_cast<unsigned long long>(seeds.count),
              static_cast<unsigned long long>(sum.simulated_ms / 60000),
              static_cast<unsigned long long>(sum.kills),
              static_cast<unsigned long long>(sum.resumes));
  if (seeds.count < 500) return;
  EXPECT_GT(sum.kills, seeds.count / 2);  // that the faults did happen
  EXPECT_GT(sum.resumes, seeds.count);
}

TEST(FolderSimulation, ASeedReplaysExactly) {
  spdlog::set_level(spdlog::level::off);
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    EXPECT_EQ(run_folder(seed, false).simulated_ms, run_folder(seed, false).simulated_ms);
  }
}

}  // namespace
}  // namespace millrace::simulator
