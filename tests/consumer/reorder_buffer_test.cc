// Putting batches in order.
#include "consumer/reorder_buffer.h"

#include <gtest/gtest.h>

#include "tests/support/sample_stream.h"

namespace millrace::consumer {
namespace {

using proto::Split;
using testing::sample_batch;

class ReorderBufferTest : public ::testing::Test {
 protected:
  void expect(std::uint64_t first, std::uint32_t count) {
    const auto batch = buffer_.get(first, count);
    ASSERT_TRUE(batch.has_value());
    EXPECT_TRUE(testing::same_bytes(*batch, sample_batch({Split::kTrain, first, count, {}})));
  }
  void put(std::uint64_t first) {
    EXPECT_TRUE(buffer_.put(sample_batch({Split::kTrain, first, 4, {}})));
  }

  ReorderBuffer buffer_{testing::sample_schema()};
};

TEST_F(ReorderBufferTest, PutsBatchesInOrderWhateverOrderTheyComeIn) {
  put(8);
  EXPECT_EQ(buffer_.get(4, 8), std::nullopt);
  put(0);
  EXPECT_EQ(buffer_.get(0, 5), std::nullopt);
  put(4);
  expect(0, 12);
  expect(3, 2);
  expect(7, 5);
  expect(5, 1);
}

TEST_F(ReorderBufferTest, DropsDuplicates) {
  put(0);
  EXPECT_FALSE(buffer_.put(sample_batch({Split::kTrain, 0, 4, {}})));
}

TEST_F(ReorderBufferTest, DropsUsedBatches) {
  put(0);
  put(4);
  buffer_.drop_below(3);
  expect(2, 4);
  buffer_.drop_below(4);
  EXPECT_EQ(buffer_.get(2, 2), std::nullopt);
  expect(4, 4);
}

TEST_F(ReorderBufferTest, HasNothingBeyondItsEnds) {
  EXPECT_EQ(buffer_.get(0, 1), std::nullopt);
  put(4);
  EXPECT_EQ(buffer_.get(3, 2), std::nullopt);
  EXPECT_EQ(buffer_.get(7, 2), std::nullopt);
  put(12);
  EXPECT_EQ(buffer_.get(9, 1), std::nullopt) << "between two";
}

TEST_F(ReorderBufferTest, CountsItsSamples) {
  for (const std::uint64_t first : {0, 4, 8, 12}) put(first);
  EXPECT_FALSE(buffer_.put(sample_batch({Split::kTrain, 4, 4, {}})));
  EXPECT_EQ(buffer_.samples(), 16);
  buffer_.drop_below(4);
  EXPECT_EQ(buffer_.samples(), 12);
  buffer_.drop_unless([](const proto::Range& range) { return range.first != 8; });
  EXPECT_EQ(buffer_.samples(), 8);
  expect(4, 4);
  EXPECT_EQ(buffer_.get(8, 1), std::nullopt);
  expect(12, 4);
}

}  // namespace
}  // namespace millrace::consumer
