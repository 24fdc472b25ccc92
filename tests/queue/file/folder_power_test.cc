// A queue folder on a disk that loses its power before any operation, fills up or is read-only: no
// wrong sample is ever read, and the stream continues.
#include <gtest/gtest.h>

#include <cerrno>

#include "proto/files.h"
#include "proto/group_file.h"
#include "tests/queue/folder_world.h"
#include "tests/support/messages.h"

namespace millrace::queue {
namespace {

using namespace std::chrono_literals;
using proto::Split;
using testing::contains;
using testing::message_of;
using testing::PowerCut;

constexpr std::uint64_t kChunks = 3;
constexpr std::uint64_t kSeeds = 3;
constexpr int kMostTurns = 200;

/// One producer and one run that live until the power goes.
class Machine {
 public:
  explicit Machine(FolderWorld& world) : world_(world) {}

  /// The same until the power goes, which may also be in the destructors of the ends; these do not
  /// throw.
  void play_until_cut(std::uint64_t& cursor) try { play(cursor); } catch (const PowerCut&) {
  }

  /// Takes chunks from `cursor` on until all are used. The cursor survives, as in a checkpoint.
  void play(std::uint64_t& cursor) {
    const auto producer = world_.producer(2);
    const auto run = world_.met(world_.run("run", cursor));
    for (int turn = 0; cursor < kChunks * world_.chunk; ++turn) {
      ASSERT_LT(turn, kMostTurns) << "the stream stands still at sample " << cursor << ": "
                                  << run->state().words;
      world_.now += 1s;
      world_.fill(*producer);
      run->request(world_.chunk_range(cursor / world_.chunk));
      const auto batch = run->receive(FolderWorld::kAtOnce);
      if (!batch) continue;
      ASSERT_EQ(batch->range.first, cursor);
      ASSERT_TRUE(testing::same_bytes(*batch, world_.samples(batch->range)));
      cursor = batch->range.end();
      run->release(Split::kTrain, cursor);
    }
  }

 private:
  FolderWorld& world_;
};

TEST(FolderPower, AfterAPowerCutBeforeAnyOperationTheStreamContinuesAndIsRight) {
  FolderWorld world;
  std::uint64_t cursor = 0;
  Machine(world).play(cursor);
  const std::uint64_t operations = world.disk.operations();
  ASSERT_GT(operations, 40U);
  for (std::uint64_t at = 0; at < operations; ++at) {
    for (std::uint64_t seed = 0; seed <= kSeeds; ++seed) {
      SCOPED_TRACE("cut before operation " + std::to_string(at) + ", seed " + std::to_string(seed));
      world.disk = testing::FakeDisk();
      world.disk.crash_after(at);
      cursor = 0;
      Machine(world).play_until_cut(cursor);
      if (seed > 0) world.disk.lose_power(seed);  // else the processes alone die
      world.disk.restart();
      Machine(world).play(cursor);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(FolderPower, AMetaTornByAPowerCutIsWrittenAgain) {
  FolderWorld world;
  const auto producer = world.producer(1);
  world.fill(*producer);
  proto::replace_file(world.layout.meta(), "{\"provider\": \"sam", world.disk);
  const auto run = world.consumer(world.run());
  EXPECT_EQ(run->wait_for_stream(FolderWorld::kAtOnce), std::nullopt);
  world.now += 1s;
  world.fill(*producer);
  EXPECT_EQ(run->wait_for_stream(FolderWorld::kAtOnce), world.meta);
}

TEST(FolderPower, AChunkWhoseFolderVanishedIsLeasedAgainSoon) {
  FolderWorld world;
  const auto producer = world.producer(1);
  const auto leased = producer->next(FolderWorld::kAtOnce);
  world.disk.fail_after(0, ENOENT);
  EXPECT_THROW(producer->deliver(*leased, world.samples(leased->range)), NotStored);
  world.disk.heal();
  EXPECT_EQ(producer->next(FolderWorld::kAtOnce), std::nullopt) << "not again at once";
  world.now += 20ms;
  EXPECT_EQ(world.fill(*producer), std::vector{world.chunk_name(0)})
      << "without the second that a full disk is given";
}

TEST(FolderPower, UsedChunksArePublishedAtOnceThenEveryFiveMilliseconds) {
  FolderWorld world;
  const auto producer = world.producer(3);
  world.fill(*producer);
  const auto run = world.met(world.run());
  run->release(Split::kTrain, world.chunk);
  EXPECT_EQ(world.files().front(), world.chunk_name(1)) << "swept";
  run->release(Split::kTrain, 2 * world.chunk);
  EXPECT_EQ(world.files().front(), world.chunk_name(1)) << "just told";
  EXPECT_FALSE(run->receive(FolderWorld::kAtOnce).has_value());
  EXPECT_EQ(world.files().front(), world.chunk_name(1));
  world.now += 5ms;
  EXPECT_FALSE(run->receive(FolderWorld::kAtOnce).has_value());
  EXPECT_EQ(world.files().front(), world.chunk_name(2));
}

TEST(FolderPower, OnAFullDiskProducersWaitUntilTheTrainerFreesRoom) {
  FolderWorld world;
  const auto producer = world.producer(2);
  world.disk.set_room(2 << 20);
  auto leased = producer->next(FolderWorld::kAtOnce);
  producer->deliver(*leased, world.samples(leased->range));
  leased = producer->next(FolderWorld::kAtOnce);
  EXPECT_TRUE(contains(
      message_of<NotStored>([&] { producer->deliver(*leased, world.samples(leased->range)); }),
      world.chunk_name(1) + ": cannot write: No space left on device"));
  EXPECT_TRUE(contains(producer->state(), "No space left on device, trying again"));
  EXPECT_EQ(world.files(), std::vector{world.chunk_name(0)}) << "nothing half-written, no claim";
  EXPECT_EQ(producer->next(FolderWorld::kAtOnce), std::nullopt) << "not again at once";

  const auto run = world.met(world.run());
  run->request(world.chunk_range(0));
  ASSERT_TRUE(run->receive(FolderWorld::kAtOnce).has_value());
  run->release(Split::kTrain, world.chunk);
  world.now += 1s;
  EXPECT_EQ(world.fill(*producer), std::vector{world.chunk_name(1)})
      << "the chunk that found no room, and no more than fits";
  world.disk.set_room(20 << 20);
  world.now += 1s;
  EXPECT_EQ(world.fill(*producer), std::vector{world.chunk_name(2)});
  EXPECT_FALSE(contains(producer->state(), "No space"));
}

TEST(FolderPower, ARunContinuesWhenThereIsNoRoomForItsOwnFile) {
  FolderWorld world;
  const auto producer = world.producer(2);
  world.fill(*producer);
  world.disk.set_room(world.disk.used_bytes());
  const auto run = world.met(world.run());
  for (std::uint64_t k = 0; k < 2; ++k) {
    run->request(world.chunk_range(k));
    world.now += 1s;
    ASSERT_TRUE(run->receive(FolderWorld::kAtOnce).has_value());
    run->release(Split::kTrain, (k + 1) * world.chunk);
  }
  world.now += 1s;
  EXPECT_FALSE(world.fill(*producer).empty()) << "what was used is gone, and there is room again";
}

TEST(FolderPower, OnAFullDiskTheCursorIsSeenBeforeUsedChunksAreComputedAgain) {
  FolderWorld world;
  const auto producer = world.producer(2);
  const auto run = world.met(world.run());
  world.fill(*producer);
  const auto cursor = [&] {
    return proto::read_group(world.layout.group(run_id("run")), world.disk)
        ->window(Split::kTrain)
        .cursor;
  };
  world.disk.set_room(world.disk.used_bytes() + 100);  // less than the group's file needs
  run->request(world.chunk_range(0));
  ASSERT_TRUE(run->receive(FolderWorld::kAtOnce).has_value());
  run->release(Split::kTrain, world.chunk);
  EXPECT_EQ(cursor(), world.chunk) << "written where the used chunk was";
  world.disk.set_room(4 << 20);
  EXPECT_EQ(world.fill(*producer), std::vector{world.chunk_name(2)}) << "and not what was used";

  world.disk.set_room(0);  // somebody takes all, and what is freed as well
  run->request(world.chunk_range(1));
  world.now += 1s;
  ASSERT_TRUE(run->receive(FolderWorld::kAtOnce).has_value());
  run->release(Split::kTrain, 2 * world.chunk);
  EXPECT_EQ(cursor(), world.chunk) << "it cannot be written";
  EXPECT_EQ(world.files(), std::vector{world.chunk_name(2)}) << "removing needs no room";

  world.disk.set_room(4 << 20);
  world.now += 1s;
  EXPECT_EQ(world.fill(*producer), std::vector{world.chunk_name(1)}) << "a producer looks first";
  run->request(world.chunk_range(3));
  EXPECT_EQ(run->receive(FolderWorld::kAtOnce), std::nullopt);
  EXPECT_EQ(cursor(), 2 * world.chunk);
  EXPECT_EQ(world.files(), std::vector{world.chunk_name(2)}) << "swept while the trainer waits";
  EXPECT_EQ(world.fill(*producer), std::vector{world.chunk_name(3)});
  EXPECT_TRUE(run->receive(FolderWorld::kAtOnce).has_value());
}

TEST(FolderPower, AReadOnlyFolderIsAnErrorAtStart) {
  FolderWorld world;
  world.disk.fail_after(0, EROFS);
  EXPECT_TRUE(contains(message_of<proto::DiskError>([&] { (void)world.producer(1); }),
                       "Read-only file system"));
  world.disk.heal();
  const auto producer = world.producer(1);
  world.disk.fail_after(0, EROFS);
  EXPECT_TRUE(contains(message_of<proto::DiskError>([&] { (void)world.met(world.run()); }),
                       "Read-only file system"));
}

TEST(FolderPower, FlippedBitsAreNeverReadAsSamples) {
  FolderWorld world;
  const auto producer = world.producer(1);
  const auto run = world.met(world.run());
  world.fill(*producer);
  const std::uint64_t bits = world.disk.stat(world.layout.chunk(Split::kTrain, {}))->size_bytes * 8;
  for (std::uint64_t bit = 0; bit < bits; bit += bits / 50 + 1) {
    world.fill(*producer);
    world.disk.flip_bit(world.layout.chunk(Split::kTrain, {}), bit);
    run->request(world.chunk_range(0));
    auto batch = run->receive(FolderWorld::kAtOnce);
    if (!batch) {
      world.fill(*producer);
      batch = run->receive(FolderWorld::kAtOnce);
    }
    ASSERT_TRUE(batch && testing::same_bytes(*batch, world.samples(batch->range))) << bit;
  }
}

}  // namespace
}  // namespace millrace::queue
