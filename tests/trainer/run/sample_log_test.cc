// The record of consumed samples.
#include "trainer/run/sample_log.h"

#include <gtest/gtest.h>

#include "proto/digest.h"
#include "proto/files.h"
#include "tests/support/masked_stream.h"
#include "tests/support/temporary_folder.h"

namespace millrace::trainer {
namespace {

using proto::Split;
using testing::masked_batch;

std::string line(std::uint64_t step, const std::string& split, std::uint64_t index, unsigned stage,
                 const proto::Batch& batch, std::uint32_t row) {
  return std::to_string(step) + ' ' + split + ' ' + std::to_string(index) + ' ' +
         std::to_string(stage) + ' ' +
         proto::hex16(proto::sample_digest(testing::masked_meta().schema, batch, row)) + '\n';
}

TEST(SampleLog, HasALineForEachSampleWithItsStep) {
  const testing::TemporaryFolder folder;
  const auto train = masked_batch({Split::kTrain, 6, 2, std::nullopt}),
             val = masked_batch({Split::kVal, 0, 1, std::nullopt});
  SampleLog recorder(folder / "record", testing::masked_meta().schema, 0);
  recorder.add(train);
  recorder.commit(4);
  recorder.add(val);
  recorder.commit(4);
  EXPECT_EQ(proto::read_file(folder / "record"), line(4, "train", 6, 0, train, 0) +
                                                     line(4, "train", 7, 1, train, 1) +
                                                     line(4, "val", 0, 0, val, 0));
}

TEST(SampleLog, OnlyALineOfARecordHasAStep) {
  EXPECT_EQ(step_of_record_line("12 train 6 0 0123456789abcdef"), 12U);
  for (const char* const other :
       {"", "12", "1 eggs", "1 0.5 0.25", "12 train 6 0", "12 all 6 0 0123456789abcdef",
        "12 train 6 300 0123456789abcdef", "12 train x 0 0123456789abcdef",
        "12 train 6 0 0123456789abcdeg", "12 train 6 0 0123456789abcdef more",
        "x train 6 0 0123456789abcdef"}) {
    EXPECT_EQ(step_of_record_line(other), std::nullopt) << other;
  }
}

TEST(SampleLog, DiscardedSamplesAreNotWritten) {
  const testing::TemporaryFolder folder;
  SampleLog recorder(folder / "record", testing::masked_meta().schema, 0);
  recorder.add(masked_batch({Split::kVal, 0, 3, std::nullopt}));
  recorder.discard();
  recorder.commit(1);
  EXPECT_EQ(proto::read_file(folder / "record"), "");
}

TEST(SampleLog, StageIsZeroWithoutAStageColumn) {
  const testing::TemporaryFolder folder;
  proto::Schema schema = testing::masked_meta().schema;
  auto batch = masked_batch({Split::kTrain, 7, 1, std::nullopt});
  schema.fields.pop_back();
  batch.columns.pop_back();
  SampleLog recorder(folder / "record", schema, 0);
  recorder.add(batch);
  recorder.commit(1);
  EXPECT_EQ(proto::read_file(folder / "record").rfind("1 train 7 0 ", 0), 0U);
}

}  // namespace
}  // namespace millrace::trainer
