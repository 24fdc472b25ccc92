// Batches: aligned columns, slices, joins, digests.
#include "proto/batch.h"

#include <gtest/gtest.h>

#include <array>

#include "proto/digest.h"
#include "tests/support/sample_stream.h"

namespace millrace::proto {
namespace {

using testing::same_bytes;
using testing::sample_batch;
using testing::sample_schema;

TEST(Batch, ColumnsOfOurOwnAreAligned) {
  const Batch batch = sample_batch({Split::kTrain, 3, 7, {}});
  ASSERT_TRUE(fits(sample_schema(), batch));
  for (const SharedBytes& column : batch.columns) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(column.bytes.data()) % kColumnAlignment, 0U);
  }
}

TEST(Batch, ASliceIsTheBatchOfItsRange) {
  const Batch whole = sample_batch({Split::kVal, 10, 20, {}});
  EXPECT_TRUE(
      same_bytes(slice(sample_schema(), whole, 13, 4), sample_batch({Split::kVal, 13, 4, {}})));
  EXPECT_TRUE(same_bytes(slice(sample_schema(), whole, 10, 20), whole));
  EXPECT_TRUE(fits(sample_schema(), slice(sample_schema(), whole, 30, 0)));
  EXPECT_THROW((void)slice(sample_schema(), whole, 9, 2), std::logic_error);
  EXPECT_THROW((void)slice(sample_schema(), whole, 29, 2), std::logic_error);
}

TEST(Batch, ASliceOutlivesItsBatch) {
  Batch part;
  {
    const Batch whole = sample_batch({Split::kTrain, 0, 8, {}});
    part = slice(sample_schema(), whole, 2, 3);
  }
  EXPECT_TRUE(same_bytes(part, sample_batch({Split::kTrain, 2, 3, {}})));
}

TEST(Batch, JoinIsTheInverseOfSlice) {
  const Batch whole = sample_batch({Split::kTrain, 5, 9, {}});
  const std::array pieces = {slice(sample_schema(), whole, 5, 2),
                             slice(sample_schema(), whole, 7, 6),
                             slice(sample_schema(), whole, 13, 1)};
  EXPECT_TRUE(same_bytes(join(sample_schema(), pieces), whole));
  const std::array gap = {pieces[0], pieces[2]};
  EXPECT_THROW((void)join(sample_schema(), gap), std::logic_error);
}

TEST(Batch, SampleDigestIsOverTheRowsWireBytesInSchemaOrder) {
  const Batch batch = sample_batch({Split::kTrain, 40, 3, {}});
  std::vector<std::byte> row;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t bytes = sample_schema().fields[i].bytes_per_sample();
    const auto part = batch.columns[i].bytes.subspan(2 * bytes, bytes);
    row.insert(row.end(), part.begin(), part.end());
  }
  EXPECT_EQ(sample_digest(sample_schema(), batch, 2), xxh64(row));
  EXPECT_EQ(sample_digest(sample_schema(), batch, 2),
            sample_digest(sample_schema(), sample_batch({Split::kTrain, 42, 1, {}}), 0));
}

TEST(Digest, IsXxh64WithSeedZeroInLowerCaseHex) {
  EXPECT_EQ(hex16(xxh64("")), "ef46db3751d8e999");
  EXPECT_EQ(hex16(xxh64("abc")), "44bc2cf5ad770999");
  EXPECT_EQ(hex16(0x1a), "000000000000001a");
}

}  // namespace
}  // namespace millrace::proto
