// Samples of a range, and of a window.
#include "queue/ends/range_size.h"

#include <gtest/gtest.h>

namespace millrace::queue {
namespace {

/// Samples of 2 KiB.
const proto::Schema kSchema{
    {{"x", proto::WireType::kU8, proto::LogicalType::kI64, {2048}, proto::Role::kInput, false}}};

std::uint32_t range_of(std::uint64_t window_samples) {
  return leased_range_samples(kSchema, {.samples = window_samples});
}

TEST(RangeSize, IsAnEighthOfASmallWindow) {
  EXPECT_EQ(range_of(1), 1U);
  EXPECT_EQ(range_of(64), 8U);
  EXPECT_EQ(range_of(100), 8U) << "a power of two";
}

TEST(RangeSize, IsAQuarterOfAMebibyteForMostWindows) {
  EXPECT_EQ(range_of(8 * 128), 128U);
  EXPECT_EQ(range_of(16 * 128), 128U);
}

TEST(RangeSize, GrowsToAMebibyteWithTheWindow) {
  EXPECT_EQ(range_of(16 * 256), 256U);
  EXPECT_EQ(range_of(16 * 512), 512U);
  EXPECT_EQ(range_of(1 << 20), 512U);
}

TEST(Window, HasAtLeastTwoRanges) {
  EXPECT_EQ((Window{.samples = 100}.samples_of(kSchema, 8)), 100U);
  EXPECT_EQ((Window{.samples = 100}.samples_of(kSchema, 64)), 128U);
}

TEST(RangeSize, IsOneSampleIfSamplesAreLarge) {
  const proto::Schema large{{{"x",
                              proto::WireType::kU8,
                              proto::LogicalType::kI64,
                              {4 << 20},
                              proto::Role::kInput,
                              false}}};
  EXPECT_EQ(leased_range_samples(large, {.samples = 64}), 1U);
}

}  // namespace
}  // namespace millrace::queue
