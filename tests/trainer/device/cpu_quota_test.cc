// The quota of CPUs as control groups of both versions write it.
#include "trainer/device/cpu_quota.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

#include "tests/support/temporary_folder.h"

namespace millrace::trainer {
namespace {

std::optional<double> quota_with(const std::map<std::string, std::string>& files) {
  const testing::TemporaryFolder root;
  for (const auto& [name, content] : files) {
    const std::filesystem::path path = root / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << content << '\n';
  }
  return cpu_quota(root.path());
}

TEST(CpuQuota, IsTheLeastOfTheGroupAndThoseAboveIt) {
  EXPECT_EQ(quota_with({{"proc/self/cgroup", "0::/jobs/12"},
                        {"sys/fs/cgroup/jobs/cpu.max", "150000 100000"},
                        {"sys/fs/cgroup/jobs/12/cpu.max", "400000 100000"}}),
            1.5);
  EXPECT_EQ(quota_with({{"proc/self/cgroup", "0::/jobs/12"},
                        {"sys/fs/cgroup/jobs/cpu.max", "max 100000"},
                        {"sys/fs/cgroup/jobs/12/cpu.max", "50000 100000"}}),
            0.5);
}

TEST(CpuQuota, ReadsControlGroupsOfVersion1) {
  const std::string groups = "5:memory:/docker/ab\n4:cpu,cpuacct:/docker/ab\n0::/docker/ab";
  EXPECT_EQ(quota_with({{"proc/self/cgroup", groups},
                        {"sys/fs/cgroup/cpu,cpuacct/docker/ab/cpu.cfs_quota_us", "200000"},
                        {"sys/fs/cgroup/cpu,cpuacct/docker/ab/cpu.cfs_period_us", "100000"}}),
            2.0);
  EXPECT_EQ(quota_with({{"proc/self/cgroup", groups},
                        {"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "300000"},
                        {"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000"}}),
            3.0)
      << "seen in a container, where the path is the host's";
}

TEST(CpuQuota, FindsTheFolderOfVersion1WhateverTheOrderOfItsControllers) {
  EXPECT_EQ(quota_with({{"proc/self/cgroup", "4:cpu,cpuacct:/"},
                        {"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000"},
                        {"sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000"},
                        {"sys/fs/cgroup/cpuacct,cpu/cpu.cfs_quota_us", "-1"}}),
            2.0);
}

TEST(CpuQuota, IsEmptyWhereThereIsNone) {
  EXPECT_EQ(quota_with({}), std::nullopt);
  EXPECT_EQ(quota_with({{"proc/self/cgroup", "0::/"}, {"sys/fs/cgroup/cpu.max", "max 100000"}}),
            std::nullopt);
  EXPECT_EQ(quota_with({{"proc/self/cgroup", "4:cpu:/"},
                        {"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1"},
                        {"sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000"}}),
            std::nullopt);
  EXPECT_EQ(quota_with({{"proc/self/cgroup", "nonsense\n0:"}, {"sys/fs/cgroup/cpu.max", ""}}),
            std::nullopt);
}

}  // namespace
}  // namespace millrace::trainer
