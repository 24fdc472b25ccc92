// How global batches are divided among ranks.
#include "consumer/batch_sharding.h"

#include <gtest/gtest.h>

namespace millrace::consumer {
namespace {

TEST(BatchSharding, OneRankTakesTheGlobalBatchInWholeMicroBatches) {
  EXPECT_EQ(micro_batches({4, 3, 0, 1}, 100), (std::vector<Slice>{{100, 4}, {104, 4}, {108, 4}}));
}

TEST(BatchSharding, RanksThatDivideTheMicroBatchesTakeContiguousWholeOnes) {
  EXPECT_EQ(micro_batches({4, 4, 0, 2}, 0), (std::vector<Slice>{{0, 4}, {4, 4}}));
  EXPECT_EQ(micro_batches({4, 4, 1, 2}, 0), (std::vector<Slice>{{8, 4}, {12, 4}}));
}

TEST(BatchSharding, MicroBatchesAreCutIfThereAreMoreRanks) {
  EXPECT_EQ(micro_batches({5, 1, 0, 2}, 10), (std::vector<Slice>{{10, 2}}));
  EXPECT_EQ(micro_batches({5, 1, 1, 2}, 10), (std::vector<Slice>{{12, 3}}));
}

TEST(BatchSharding, ARankMayHaveNothingToDo) {
  EXPECT_TRUE(micro_batches({1, 1, 0, 3}, 0).empty());
  EXPECT_EQ(micro_batches({1, 1, 2, 3}, 0), (std::vector<Slice>{{0, 1}}));
}

TEST(BatchSharding, EverySampleOfAStepBelongsToOneRankAndOrderIsKept) {
  for (std::uint32_t batch = 1; batch <= 7; ++batch) {
    for (std::uint32_t accumulation = 1; accumulation <= 5; ++accumulation) {
      for (std::uint32_t world = 1; world <= 6; ++world) {
        std::uint64_t at = 1000;
        for (std::uint32_t rank = 0; rank < world; ++rank) {
          for (const Slice& piece : micro_batches({batch, accumulation, rank, world}, 1000)) {
            EXPECT_EQ(piece.first, at);
            EXPECT_LE(piece.count, batch);
            EXPECT_GT(piece.count, 0U);
            at += piece.count;
          }
        }
        EXPECT_EQ(at, 1000 + batch * accumulation);
      }
    }
  }
}

}  // namespace
}  // namespace millrace::consumer
