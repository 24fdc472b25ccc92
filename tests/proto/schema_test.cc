// Schemas: sizes, types, and those that are refused.
#include "proto/schema.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/support/sample_stream.h"

namespace millrace::proto {
namespace {

TEST(Schema, BytesPerSampleAddsUpTheFields) {
  const Schema schema = testing::sample_schema();
  EXPECT_EQ(schema.fields[0].bytes_per_sample(), 5U);
  EXPECT_EQ(schema.fields[1].bytes_per_sample(), 10U);
  EXPECT_EQ(schema.fields[2].bytes_per_sample(), 4U);
  EXPECT_EQ(schema.bytes_per_sample(), 20U);
}

TEST(Schema, NarrowestLeavesRoomForTheSentinel) {
  EXPECT_EQ(narrowest(255, true), WireType::kU8);
  EXPECT_EQ(narrowest(256, false), WireType::kU8);
  EXPECT_EQ(narrowest(256, true), WireType::kU16);
  EXPECT_EQ(narrowest(65535, true), WireType::kU16);
  EXPECT_EQ(narrowest(65536, true), WireType::kU32);
  EXPECT_THROW((void)narrowest(std::uint64_t{1} << 32, true), std::invalid_argument);
}

TEST(Schema, FindsTheFirstFieldOfARole) {
  const Schema schema = testing::sample_schema();
  EXPECT_EQ(schema.find(Role::kTarget), 1);
  EXPECT_EQ(schema.find(Role::kPrefix), -1);
}

TEST(Schema, CheckNamesWhatIsWrong) {
  EXPECT_NO_THROW(check(testing::sample_schema()));
  EXPECT_THROW(check(Schema{}), std::invalid_argument);

  Schema twice = testing::sample_schema();
  twice.fields[1].name = "x";
  EXPECT_THROW(check(twice), std::invalid_argument);

  Schema empty_row = testing::sample_schema();
  empty_row.fields[0].shape = {0};
  EXPECT_THROW(check(empty_row), std::invalid_argument);

  Schema overflowing = testing::sample_schema();
  overflowing.fields[0].shape = {1U << 31, 1U << 31, 1U << 31};
  EXPECT_THROW(check(overflowing), std::invalid_argument);

  Schema truncated = testing::sample_schema();
  truncated.fields[2].logical = LogicalType::kI64;
  EXPECT_THROW(check(truncated), std::invalid_argument);

  Schema two_stages = testing::sample_schema();
  two_stages.fields[3].shape = {2};
  EXPECT_THROW(check(two_stages), std::invalid_argument);
  two_stages.fields[3].shape = {1};
  EXPECT_NO_THROW(check(two_stages));
  two_stages.fields[3].wire = WireType::kU16;
  EXPECT_THROW(check(two_stages), std::invalid_argument);
}

}  // namespace
}  // namespace millrace::proto
