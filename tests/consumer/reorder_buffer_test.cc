#include "consumer/reorder_buffer.h"

#include <gtest/gtest.h>

#include "tests/support/sample_stream.h"

namespace millrace::consumer {
namespace {

using proto::Split;
using testing::sample_batch;

class ShelfTest : public ::testing::Test {
 protected:
  void expect(std::uint64_t first, std::uint32_t count) {
    const auto batch = shelf_.get(first, count);
    ASSERT_TRUE(batch.has_value());
    EXPECT_TRUE(testing::same_bytes(*batch, sample_batch({Split::kTrain, first, count, {}})));
  }
  void put(std::uint64_t first) {
    EXPECT_TRUE(shelf_.put(sample_batch({Split::kTrain, first, 4, {}})));
  }

  ReorderBuffer shelf_{testing::sample_schema()};
};

TEST_F(ShelfTest, PutsBatchesInOrderWhateverOrderTheyComeIn) {
  put(8);
  EXPECT_EQ(shelf_.get(4, 8), std::nullopt);
  put(0);
  EXPECT_EQ(shelf_.get(0, 5), std::nullopt);
  put(4);
  expect(0, 12);
  expect(3, 2);
  expect(7, 5);
  expect(5, 1);
}

TEST_F(ShelfTest, DropsWhatItHas) {
  put(0);
  EXPECT_FALSE(shelf_.put(sample_batch({Split::kTrain, 0, 4, {}})));
}

TEST_F(ShelfTest, DropsWhatIsWhollyUsed) {
  put(0);
  put(4);
  shelf_.drop_below(3);
  expect(2, 4);
  shelf_.drop_below(4);
  EXPECT_EQ(shelf_.get(2, 2), std::nullopt);
  expect(4, 4);
}

TEST_F(ShelfTest, HasNothingBeyondItsEnds) {
  EXPECT_EQ(shelf_.get(0, 1), std::nullopt);
  put(4);
  EXPECT_EQ(shelf_.get(3, 2), std::nullopt);
  EXPECT_EQ(shelf_.get(7, 2), std::nullopt);
  put(12);
  EXPECT_EQ(shelf_.get(9, 1), std::nullopt) << "between two";
}

TEST_F(ShelfTest, CountsWhatItHas) {
  for (const std::uint64_t first : {0, 4, 8, 12}) put(first);
  EXPECT_FALSE(shelf_.put(sample_batch({Split::kTrain, 4, 4, {}})));
  EXPECT_EQ(shelf_.samples(), 16);
  shelf_.drop_below(4);
  EXPECT_EQ(shelf_.samples(), 12);
  shelf_.drop_unless([](const proto::Range& range) { return range.first != 8; });
  EXPECT_EQ(shelf_.samples(), 8);
  expect(4, 4);
  EXPECT_EQ(shelf_.get(8, 1), std::nullopt);
  expect(12, 4);
}

}  // namespace
}  // namespace millrace::consumer
