// Properties of file:// alone: windows, claims, used chunks, damage, foreign streams.
#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>
#include <thread>

#include "proto/chunk_file.h"
#include "proto/files.h"
#include "proto/group_file.h"
#include "queue/file/file_transport.h"
#include "queue/file/folder.h"
#include "queue/file/quarantine.h"
#include "queue/file/run_monitor.h"
#include "tests/queue/folder_world.h"
#include "tests/support/messages.h"
#include "tests/support/sample_expectation.h"
#include "tests/support/sample_stream.h"
#include "tests/support/temporary_folder.h"

namespace millrace::queue {
namespace {

using namespace std::chrono_literals;
using proto::Split;
using testing::sample_meta;

class FolderQueue : public ::testing::Test {
 protected:
  std::unique_ptr<ProducerEnd> producer(std::uint64_t ahead_chunks) {
    return make_folder_producer_end(folder_.path(), sample_meta(),
                                    {.ahead = {ahead_chunks * chunk_, 0, 0}});
  }
  std::unique_ptr<ConsumerEnd> consumer(std::uint64_t cursor = 0, const std::string& run = "run") {
    auto end = make_folder_consumer_end(
        folder_.path(), testing::sample_expectation(),
        {.run_id = run_id(run), .cursor = cursor, .train_window = {.samples = 2 * chunk_}});
    EXPECT_TRUE(end->wait_for_stream(10s).has_value());
    return end;
  }
  proto::Range chunk_range(std::uint64_t k) const {
    return {Split::kTrain, k * chunk_, chunk_, {}};
  }

  /// Computes all chunks that are asked for now; their first indices, in order.
  static std::vector<std::uint64_t> fill(ProducerEnd& end) {
    std::vector<std::uint64_t> made;
    while (const auto leased = end.next(0ms)) {
      end.deliver(*leased, testing::sample_batch(leased->range));
      made.push_back(leased->range.first);
    }
    return made;
  }
  std::set<std::uint64_t> present() const {
    std::set<std::uint64_t> firsts;
    for (const proto::ChunkKey& key : layout_.chunks(Split::kTrain)) firsts.insert(key.first);
    return firsts;
  }
  void put_chunk(std::uint64_t k, const std::string& content) {
    proto::replace_file(layout_.chunk(Split::kTrain, {k * chunk_, {}}), content);
  }

  testing::TemporaryFolder folder_;
  Folder layout_{folder_.path(), sample_meta().fingerprint};
  const std::uint32_t chunk_ = proto::chunk_samples(sample_meta().schema);
};

TEST_F(FolderQueue, WithoutARunAProducerFillsTheFirstWindow) {
  const auto end = producer(3);
  EXPECT_FALSE(end->complete());
  EXPECT_EQ(fill(*end), (std::vector<std::uint64_t>{0, chunk_, 2ULL * chunk_}));
  EXPECT_TRUE(end->complete());
}

TEST_F(FolderQueue, TwoProducersShareTheWork) {
  const auto a = producer(2);
  const auto b = producer(2);
  const auto first = a->next(0ms);
  const auto second = b->next(0ms);
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->range.first, second->range.first);
  EXPECT_EQ(b->next(0ms), std::nullopt);
}

TEST_F(FolderQueue, AProducerThatEndsGivesItsClaimsBack) {
  auto a = producer(1);
  ASSERT_TRUE(a->next(0ms).has_value());
  const auto b = producer(1);
  EXPECT_EQ(b->next(0ms), std::nullopt);
  a.reset();
  EXPECT_TRUE(b->next(1s).has_value());
}

TEST(FolderClaims, AreTakenOverAfterFourTimesWhatAChunkTakes) {
  FolderWorld world;
  const auto slow = world.producer(2);
  const auto dead = world.producer(3);
  const auto own = slow->next(FolderWorld::kAtOnce);
  world.now += 300ms;
  ASSERT_TRUE(own && world.deliver(*slow, *own));
  const auto left = dead->next(FolderWorld::kAtOnce);
  ASSERT_TRUE(left.has_value());
  EXPECT_EQ(slow->next(FolderWorld::kAtOnce), std::nullopt);
  world.now += 1199ms;
  EXPECT_EQ(slow->next(FolderWorld::kAtOnce), std::nullopt);
  world.now += 1ms;
  const auto taken = slow->next(FolderWorld::kAtOnce);
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->range, left->range);
}

TEST(FolderClaims, AreLeftForTenSecondsByAProducerThatHasMadeNoChunk) {
  FolderWorld world;
  const auto dead = world.producer(1);
  const auto fresh = world.producer(1);
  ASSERT_TRUE(dead->next(FolderWorld::kAtOnce).has_value());
  EXPECT_EQ(fresh->next(FolderWorld::kAtOnce), std::nullopt);
  world.now += 9999ms;
  EXPECT_EQ(fresh->next(FolderWorld::kAtOnce), std::nullopt);
  world.now += 1ms;
  EXPECT_TRUE(fresh->next(FolderWorld::kAtOnce).has_value());
}

TEST_F(FolderQueue, UsedChunksAreDeletedAndTheWindowMoves) {
  const auto end = producer(2);
  fill(*end);
  const auto run = consumer();
  run->release(Split::kTrain, chunk_ - 1);
  EXPECT_TRUE(present().contains(0));
  run->release(Split::kTrain, chunk_);
  EXPECT_FALSE(present().contains(0));
  EXPECT_EQ(fill(*end), (std::vector<std::uint64_t>{2ULL * chunk_}));
}

TEST_F(FolderQueue, ACursorThatMovesBackMakesProducersFillTheGap) {
  const auto end = producer(2);
  fill(*end);
  {
    const auto run = consumer();
    run->release(Split::kTrain, 2ULL * chunk_);
    fill(*end);
    EXPECT_EQ(present(), (std::set<std::uint64_t>{2ULL * chunk_, 3ULL * chunk_}));
  }
  const auto resumed = consumer(chunk_);
  EXPECT_EQ(fill(*end), (std::vector<std::uint64_t>{chunk_}));
}

TEST_F(FolderQueue, ChunksThatAnotherLivingRunNeedsStay) {
  const auto end = producer(2);
  fill(*end);
  const auto slow = consumer(0, "slow");
  const auto fast = consumer(0, "fast");
  fast->release(Split::kTrain, 2ULL * chunk_);
  EXPECT_TRUE(present().contains(0));
}

TEST_F(FolderQueue, ACleanEndDeletesItsGroup) {
  const auto end = producer(1);
  {
    const auto run = consumer();
    EXPECT_TRUE(std::filesystem::exists(layout_.group(run_id("run"))));
  }
  EXPECT_FALSE(std::filesystem::exists(layout_.group(run_id("run"))));
}

TEST_F(FolderQueue, DamagedFilesAreSetAsideAndComputedAgain) {
  const auto end = producer(1);
  const auto run = consumer();
  fill(*end);
  const std::string whole = proto::read_file(layout_.chunk(Split::kTrain, {}));
  std::string flipped = whole;
  flipped[flipped.size() - 1000] ^= 4;
  proto::write_chunk(folder_ / "other.chunk", "00000000000000ff", sample_meta().schema,
                     testing::sample_batch(chunk_range(0)));
  const std::string of_another_stream = proto::read_file(folder_ / "other.chunk");
  proto::BatchBuffer poisoned = proto::make_batch(sample_meta().schema, chunk_range(0));
  testing::fill_sample(chunk_range(0), poisoned.view);
  poisoned.view.values<std::uint8_t>(0)[1000] = 200;  // beyond the vocabulary
  proto::write_chunk(folder_ / "poisoned.chunk", sample_meta().fingerprint, sample_meta().schema,
                     poisoned.batch);
  const std::string of_bad_values = proto::read_file(folder_ / "poisoned.chunk");
  for (const std::string& damaged :
       {flipped, whole.substr(0, whole.size() / 2), std::string("not a queue file"), std::string(),
        of_another_stream, of_bad_values}) {
    put_chunk(0, damaged);
    run->request(chunk_range(0));
    EXPECT_EQ(run->receive(0ms), std::nullopt);
    EXPECT_FALSE(present().contains(0));
    EXPECT_TRUE(std::filesystem::exists(layout_.quarantine() / ("train-" + proto::chunk_name(0))));
    EXPECT_EQ(fill(*end), std::vector<std::uint64_t>{0});
    const auto batch = run->receive(5s);
    ASSERT_TRUE(batch.has_value());
    EXPECT_TRUE(testing::same_bytes(*batch, testing::sample_batch(chunk_range(0))));
  }
}

TEST_F(FolderQueue, ProducersThatDiedLeaveNothingBehind) {
  fill(*producer(1));
  const auto run = consumer();
  const std::filesystem::path train = layout_.split(Split::kTrain);
  const auto unfinished = [&](std::uint64_t first) {
    return proto::temporary_name(train / proto::chunk_name(first)).filename().string();
  };
  const std::vector<std::string> of_the_dead = {unfinished(0), "000000000000.claim",
                                                "000000000000.s2.claim"};
  const std::vector<std::string> others = {
      unfinished(chunk_), "notes.txt", "0.txt", "000000000000.txt", "000000000000.chunk.bak",
      ".000000000000.chunk.swp", ".0.tmp", "0.claim", "000000000000.claim.old", "0.chunk",
      // Another program's temporary file, which is none of a chunk of ours.
      proto::temporary_name(train / "0.txt").filename().string()};
  for (const auto& names : {of_the_dead, others}) {
    for (const std::string& name : names) {
      proto::replace_file(train / name, "");
    }
  }
  run->release(Split::kTrain, chunk_);
  for (const std::string& name : of_the_dead) {
    EXPECT_FALSE(std::filesystem::exists(train / name)) << name;
  }
  for (const std::string& name : others) {
    EXPECT_TRUE(std::filesystem::exists(train / name)) << name;
  }
  EXPECT_FALSE(present().contains(0));
}

TEST_F(FolderQueue, QuarantineKeepsTheNewestAndDamageIsCounted) {
  telemetry::Registry registry;
  const auto end = producer(1);
  auto run = make_folder_consumer_end(folder_.path(), testing::sample_expectation(),
                                      {.run_id = run_id("run"), .registry = &registry});
  ASSERT_TRUE(run->wait_for_stream(0ms).has_value());
  for (std::uint64_t k = 0; k < kMaxQuarantined + 3; ++k) {
    put_chunk(k, "damaged");
    run->request(chunk_range(k));
    EXPECT_EQ(run->receive(0ms), std::nullopt);
  }
  const auto kept = proto::real_disk().list(layout_.quarantine());
  EXPECT_EQ(kept.size(), kMaxQuarantined);
  EXPECT_EQ(kept.front(), "train-" + proto::chunk_name(3ULL * chunk_));
  EXPECT_NE(registry.prometheus_text().find(
                "millrace_queue_damaged_total{cause=\"not a queue file\"} 19"),
            std::string::npos)
      << registry.prometheus_text();
}

TEST_F(FolderQueue, AStreamOfOtherSettingsIsNotAcceptedAndTheStateSaysWhy) {
  proto::StreamMeta other = sample_meta();
  other.settings["block_size"] = "6";
  other.fingerprint = proto::fingerprint_of(other);
  const auto end = make_folder_producer_end(folder_.path(), other, {.ahead = {1, 0, 0}});
  const auto run = make_folder_consumer_end(folder_.path(), testing::sample_expectation(),
                                            {.run_id = run_id("run")});
  EXPECT_EQ(run->wait_for_stream(0ms), std::nullopt);
  EXPECT_NE(run->state().words.find("block_size is 5 for train and 6 for prepare"),
            std::string::npos)
      << run->state().words;
  const auto right = producer(1);
  EXPECT_EQ(run->wait_for_stream(10s), sample_meta());
}

TEST_F(FolderQueue, AnEmptyQueueSaysWhatToStart) {
  const auto run = make_folder_consumer_end(folder_ / "absent", testing::sample_expectation(), {});
  EXPECT_EQ(run->wait_for_stream(0ms), std::nullopt);
  EXPECT_NE(run->state().words.find("start `prepare`"), std::string::npos);
}

TEST_F(FolderQueue, ATrainerMakesTheFolderSoThatOneThatCannotBeIsNotWaitedFor) {
  (void)make_folder_consumer_end(folder_ / "absent/queue", testing::sample_expectation(), {});
  EXPECT_TRUE(std::filesystem::is_directory(folder_ / "absent/queue"));
  testing::FakeDisk disk;
  disk.fail_after(0, EROFS);
  EXPECT_TRUE(testing::contains(
      testing::message_of<std::runtime_error>(
          [&] { (void)make_folder_consumer_end("/q", testing::sample_expectation(), {}, disk); }),
      "/q: cannot make the folder: Read-only file system; the queue cannot be there: name another"))
      << "one line with what to do";
}

TEST_F(FolderQueue, AFolderThatCannotBeWrittenIsRefusedUnlessAStreamIsThereOrAnotherRankWrites) {
  testing::FakeDisk disk;
  disk.make_folder("/q");
  const auto open = [&](std::uint32_t rank) {
    return make_folder_consumer_end("/q", testing::sample_expectation(),
                                    {.run_id = run_id("run"), .rank = rank}, disk);
  };
  disk.set_room(0);
  EXPECT_TRUE(testing::contains(testing::message_of<std::runtime_error>([&] { (void)open(0); }),
                                "/q: cannot write to it: No space left on device; the queue"));
  EXPECT_EQ(disk.list("/q"), std::vector<std::string>{}) << "the try leaves nothing";
  EXPECT_NO_THROW((void)open(1));
  disk.set_room(1 << 20);
  EXPECT_NO_THROW((void)open(0));
  EXPECT_EQ(disk.list("/q"), std::vector<std::string>{});
  const auto end = make_folder_producer_end("/q", sample_meta(), {}, disk);
  disk.set_room(0);
  EXPECT_NO_THROW((void)open(0)) << "room will come as chunks are used";
}

TEST_F(FolderQueue, AFolderThatCannotBeIsAnErrorAtOnce) {
  std::ofstream(folder_ / "file") << "text";
  std::filesystem::create_symlink("nowhere/at/all", folder_ / "link");
  for (const char* place : {"file", "file/queue", "link"}) {
    EXPECT_THROW((void)make_folder_producer_end(folder_ / place, sample_meta(), {}),
                 std::runtime_error)
        << place;
    EXPECT_THROW((void)make_folder_consumer_end(folder_ / place, testing::sample_expectation(), {}),
                 std::runtime_error)
        << place;
  }
}

TEST(RunMonitor, ARunWhoseHeartbeatStopsIsDead) {
  const testing::TemporaryFolder folder;
  const Folder layout(folder.path(), "00000000000000ff");
  std::filesystem::create_directories(layout.group(run_id("run")).parent_path());
  proto::Group group{.run_id = run_id("run"), .heartbeat = 1};
  proto::write_group(layout.group(run_id("run")), group);
  RunMonitor monitor(layout);
  const Time now{};
  EXPECT_EQ(monitor.alive(now).size(), 1U);
  EXPECT_EQ(monitor.alive(now + 29s).size(), 1U);
  EXPECT_TRUE(monitor.alive(now + 31s).empty());
  group.heartbeat = 2;
  proto::write_group(layout.group(run_id("run")), group);
  EXPECT_EQ(monitor.alive(now + 32s).size(), 1U);
  EXPECT_EQ(monitor.alive(now + 61s).size(), 1U);
}

}  // namespace
}  // namespace millrace::queue
