// A queue folder whose stages the trainer names: which chunks are computed, read and deleted.
#include <gtest/gtest.h>

#include "queue/file/chunk_plan.h"
#include "tests/queue/folder_world.h"

namespace millrace::queue {
namespace {

using proto::Split;
using proto::StageLog;
using Names = std::vector<std::string>;

proto::StreamMeta staged_meta() {
  proto::StreamMeta meta = testing::sample_meta();
  meta.settings["schedule"] = "steps";
  meta.train_stages = {"one", "two", "three"};
  meta.fingerprint = proto::fingerprint_of(meta);
  return meta;
}

struct FolderStages : ::testing::Test {
  FolderWorld world{staged_meta()};
  const std::uint64_t C = world.chunk;
  const StageLog first{{0, 0}};
  const StageLog changed{{0, 0}, {C + 100, 2}};  // within chunk 1

  Names fill(ProducerEnd& end) { return world.fill(end); }
  void expect(ConsumerEnd& run, const proto::Range& range) {
    run.request(range);
    const auto batch = run.receive(FolderWorld::kAtOnce);
    ASSERT_TRUE(batch.has_value()) << run.state().words;
    EXPECT_TRUE(testing::same_bytes(*batch, testing::sample_batch(range)));
  }
};

TEST_F(FolderStages, BeforeARunTheFirstStageIsComputed) {
  EXPECT_EQ(fill(*world.producer(2, first)),
            (Names{world.chunk_name(0, 0), world.chunk_name(1, 0)}));
}

TEST_F(FolderStages, AChunkInWhichTheStageChangesIsComputedAtBoth) {
  const auto producer = world.producer(1, first);
  const auto run = world.met(world.run("run", 0, changed));
  EXPECT_EQ(fill(*producer),
            (Names{world.chunk_name(0, 0), world.chunk_name(1, 0), world.chunk_name(1, 2)}));
  expect(*run, {Split::kTrain, C, 100, 0});
  expect(*run, {Split::kTrain, C + 100, static_cast<std::uint32_t>(C - 100), 2});
}

TEST_F(FolderStages, AnyPartOfAChunkCanBeRequested) {
  const auto producer = world.producer(1, first);
  const auto run = world.met(world.run("run", 0, first));
  fill(*producer);
  for (const auto& [from, count] :
       {std::pair(0U, 1U), std::pair(17U, 100U), std::pair(world.chunk - 1, 1U)}) {
    expect(*run, {Split::kTrain, from, count, 0});
    expect(*run, {Split::kTrain, C + from, count, 0});
  }
  EXPECT_THROW(run->request({Split::kTrain, C - 1, 2, 0}), std::logic_error)
      << "parts of two chunks";
}

TEST_F(FolderStages, AChangeIsPublishedAtOnceAndTheOldStageCancelledAndSwept) {
  const auto producer = world.producer(1, first);
  const auto run = world.met(world.run("run", 0, first));
  fill(*producer);
  run->request(world.chunk_range(1, 0));
  const StageLog log{{0, 0}, {C, 1}};
  run->set_stage_log(log);
  EXPECT_EQ(proto::read_group(world.layout.group(run_id("run")), world.disk)->stage_log, log);
  EXPECT_EQ(world.files(), Names{world.chunk_name(0, 0)}) << "chunk 1 at stage 0 is of no use";
  EXPECT_EQ(run->receive(FolderWorld::kAtOnce), std::nullopt) << "nobody wants it any more";
  EXPECT_EQ(fill(*producer), Names{world.chunk_name(1, 1)});
  expect(*run, world.chunk_range(1, 1));
}

TEST_F(FolderStages, RunsAtDifferentStagesShareEqualChunks) {
  const auto producer = world.producer(1, first);
  const auto slow = world.met(world.run("slow", 0, first));
  const auto fast = world.met(world.run("fast", 0, {{0, 0}, {C, 1}}));
  EXPECT_EQ(fill(*producer),
            (Names{world.chunk_name(0, 0), world.chunk_name(1, 0), world.chunk_name(1, 1)}));
  fast->release(Split::kTrain, C);
  EXPECT_EQ(world.files(),
            (Names{world.chunk_name(0, 0), world.chunk_name(1, 0), world.chunk_name(1, 1)}));
  expect(*slow, world.chunk_range(0, 0));
  slow->release(Split::kTrain, C);
  EXPECT_EQ(world.files(), (Names{world.chunk_name(1, 0), world.chunk_name(1, 1)}))
      << "used by both, at every stage";
}

TEST_F(FolderStages, StagesThatTheStreamLacksAreNotComputed) {
  const auto producer = world.producer(1, first);
  const auto wrong = world.met(world.run("wrong", 0, {{0, 0}, {C, 3}}));
  EXPECT_EQ(fill(*producer), Names{world.chunk_name(0, 0)});
  const auto nameless = world.met(world.run("nameless", 0));
  EXPECT_EQ(fill(*producer), Names{});
}

TEST_F(FolderStages, AResumeFindsTheStageOfItsLog) {
  const auto producer = world.producer(1, first);
  world.met(world.run("run", 0, changed)).reset();
  const auto resumed = world.met(world.run("run", C + 100, changed));
  fill(*producer);
  EXPECT_FALSE(world.disk.stat(world.layout.chunk(Split::kTrain, {C, 0})).has_value())
      << "stage 0 is used up";
  expect(*resumed, {Split::kTrain, C + 100, 50, 2});
}

TEST(ChunkPlan, AnImpossibleWindowIsBounded) {
  const proto::StreamMeta meta = testing::sample_meta();
  proto::Group group{.run_id = run_id("run")};
  group.window(Split::kTrain) = {5, std::uint64_t{1} << 53};
  EXPECT_EQ(ChunkPlan(meta).wanted(group, Split::kTrain).size(), kMaxChunksAhead);
  group.window(Split::kVal) = {0, std::uint64_t{1} << 53};
  const auto val = ChunkPlan(meta).wanted(group, Split::kVal);
  ASSERT_EQ(val.size(), 1U);
  EXPECT_EQ(val[0].end(), meta.size(Split::kVal));
}

}  // namespace
}  // namespace millrace::queue
