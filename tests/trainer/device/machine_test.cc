// The number of LibTorch's CPU threads is that of the threads which really come.
#include "trainer/device/machine.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <omp.h>

namespace millrace::trainer {
namespace {

class CpuThreads : public ::testing::Test {
 protected:
  void TearDown() override {
    omp_set_dynamic(dynamic_);
    omp_set_max_active_levels(levels_);
    at::set_num_threads(threads_);
  }

 private:
  int dynamic_ = omp_get_dynamic(), levels_ = omp_get_max_active_levels(),
      threads_ = at::get_num_threads();
};

TEST_F(CpuThreads, AreThoseAskedFor) {
  prepare_cpu(3);
  EXPECT_EQ(at::get_num_threads(), 3);
  prepare_cpu(1);
  EXPECT_EQ(at::get_num_threads(), 1);
}

TEST_F(CpuThreads, AreNotLeftToOpenMP) {
  omp_set_dynamic(1);
  prepare_cpu(2);
  EXPECT_EQ(omp_get_dynamic(), 0);
  EXPECT_EQ(at::get_num_threads(), 2);
}

TEST_F(CpuThreads, AreLimitedToThoseThatOpenMPGives) {
  omp_set_max_active_levels(0);
  prepare_cpu(2);
  EXPECT_EQ(at::get_num_threads(), 1);
}

}  // namespace
}  // namespace millrace::trainer
