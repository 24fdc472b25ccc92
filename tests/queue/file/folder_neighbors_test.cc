// A queue folder that others may write to: their links, pipes and folders in place of ours end and
// hang nothing, and nothing outside the queue is touched.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "proto/chunk_file.h"
#include "proto/files.h"
#include "queue/file/file_transport.h"
#include "queue/file/folder.h"
#include "queue/file/quarantine.h"
#include "tests/queue/folder_world.h"
#include "tests/support/messages.h"
#include "tests/support/sample_expectation.h"
#include "tests/support/sample_stream.h"
#include "tests/support/temporary_folder.h"

namespace millrace::queue {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using proto::Split;
using testing::sample_meta;

class FolderNeighbors : public ::testing::Test {
 protected:
  FolderNeighbors() {
    fs::create_directories(home);
    std::ofstream(home / "thesis") << "years of work";
  }
  ~FolderNeighbors() override {
    EXPECT_EQ(proto::read_file(home / "thesis"), "years of work");
    EXPECT_EQ(std::distance(fs::directory_iterator(home), fs::directory_iterator()), 1);
  }

  std::unique_ptr<ProducerEnd> producer() {
    return make_folder_producer_end(queue, sample_meta(), {.ahead = {2ULL * chunk, 0, 0}});
  }
  std::unique_ptr<ConsumerEnd> consumer() {
    return make_folder_consumer_end(
        queue, testing::sample_expectation(),
        {.run_id = run_id("run"), .train_window = {.samples = 2 * chunk}, .registry = &registry});
  }
  std::unique_ptr<ConsumerEnd> met() {
    auto end = consumer();
    EXPECT_TRUE(end->wait_for_stream(0ms).has_value()) << end->state().words;
    return end;
  }
  static void fill(ProducerEnd& end) {
    while (const auto leased = end.next(0ms)) {
      end.deliver(*leased, testing::sample_batch(leased->range));
    }
  }
  proto::Range range(std::uint64_t k) const { return {Split::kTrain, k * chunk, chunk, {}}; }
  bool counts(const std::string& metric) const {
    return testing::contains(registry.prometheus_text(), metric);
  }

  testing::TemporaryFolder folder;
  const fs::path home = folder / "home";
  const fs::path queue = folder / "queue";
  const Folder layout{queue, sample_meta().fingerprint};
  const std::uint32_t chunk = proto::chunk_samples(sample_meta().schema);
  telemetry::Registry registry;
};

TEST_F(FolderNeighbors, WhateverHasTheNameOfAChunkIsSetAsideAndComputedAgain) {
  const auto end = producer();
  const auto run = met();
  const fs::path path = layout.chunk(Split::kTrain, {0, {}});
  const std::function<void()> plants[] = {
      [&] { ASSERT_EQ(::mkfifo(path.c_str(), 0666), 0); },
      [&] { fs::create_symlink("/dev/zero", path); },
      [&] { fs::create_symlink(home / "thesis", path); },
      [&] { fs::create_symlink("nowhere", path); },
      [&] { fs::create_symlink(path.filename(), path); },
      [&] { fs::create_directories(path / "sub"); },
      [&] { fs::create_directories(path / "sub"); },  // the quarantine has a folder of that name
  };
  for (std::size_t i = 0; i < std::size(plants); ++i) {
    plants[i]();
    run->request(range(0));
    EXPECT_EQ(run->receive(0ms), std::nullopt);
    EXPECT_FALSE(fs::exists(fs::symlink_status(path))) << "plant " << i;
    fill(*end);
    const auto batch = run->receive(5s);
    ASSERT_TRUE(batch.has_value()) << "plant " << i;
    EXPECT_TRUE(testing::same_bytes(*batch, testing::sample_batch(range(0))));
    fs::remove(path);
  }
  EXPECT_TRUE(counts("millrace_queue_damaged_total{cause=\"it cannot be read\"} 7"))
      << registry.prometheus_text();
}

TEST_F(FolderNeighbors, AStreamThatIsALinkIsSkippedAndCounted) {
  fs::create_directories(queue);
  fs::create_symlink("00000000000000aa", queue / "00000000000000aa");
  fs::create_symlink("nowhere", queue / "00000000000000ab");
  fs::create_symlink(home, queue / "00000000000000ac");
  fs::create_directories(queue / "00000000000000ad");
  ASSERT_EQ(::mkfifo((queue / "00000000000000ad/meta.json").c_str(), 0666), 0);
  fs::create_directories(queue / "lost+found");
  const auto run = consumer();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run->wait_for_stream(0ms), std::nullopt);
  EXPECT_TRUE(counts("millrace_queue_damaged_total{cause=\"it cannot be read\"} 4"))
      << registry.prometheus_text();
  const auto end = producer();
  EXPECT_EQ(run->wait_for_stream(0ms), sample_meta());
}

TEST_F(FolderNeighbors, NothingIsSweptOrWrittenThroughALinkedFolder) {
  auto end = producer();
  const auto run = met();
  const std::string name = proto::chunk_name(0);
  const fs::path elsewhere = folder / "elsewhere";
  fs::rename(layout.split(Split::kTrain), elsewhere);
  std::ofstream(elsewhere / name) << "a file of that name of somebody else's";
  fs::create_symlink(elsewhere, layout.split(Split::kTrain));
  run->request(range(1));
  run->release(Split::kTrain, chunk);
  EXPECT_EQ(run->receive(0ms), std::nullopt);
  EXPECT_TRUE(fs::exists(elsewhere / name));
  EXPECT_EQ(end->next(0ms), std::nullopt);
  EXPECT_TRUE(testing::contains(end->state(), "symbolic links, trying again")) << end->state();
  EXPECT_TRUE(testing::contains(run->state().words, "symbolic links")) << run->state().words;
  end.reset();
  EXPECT_THROW((void)producer(), proto::DiskError) << "at start it is refused";
  EXPECT_EQ(std::distance(fs::directory_iterator(elsewhere), fs::directory_iterator()), 1);
}

TEST_F(FolderNeighbors, QuarantineAndProducersKeepWhatIsNotOurs) {
  const auto end = producer();
  const auto run = met();
  fs::create_directories(layout.quarantine());
  fs::create_directories(layout.producers());
  for (std::size_t i = 0; i < kMaxQuarantined + 2; ++i) {
    std::ofstream(layout.quarantine() / ("notes-" + std::to_string(i))) << "x";
  }
  const fs::path old = layout.producers() / "notes";
  std::ofstream(old) << "x";
  fs::create_symlink(home / "thesis", layout.producers() / "00000000000000ff");
  ASSERT_EQ(::mkfifo((layout.producers() / "00000000000000fe").c_str(), 0666), 0);
  fs::last_write_time(old, fs::last_write_time(old) - 24h);
  std::ofstream(layout.chunk(Split::kTrain, {0, {}})) << "damaged";
  run->request(range(0));
  EXPECT_EQ(run->receive(0ms), std::nullopt);
  EXPECT_EQ(proto::real_disk().list(layout.quarantine()).size(), kMaxQuarantined + 3);
  fill(*end);  // its first sign of life removes those of the dead
  EXPECT_TRUE(fs::exists(old));
}

TEST_F(FolderNeighbors, GroupsThatAreLinksOrPipesAreNoRuns) {
  const auto end = producer();
  const auto run = met();
  fs::create_symlink(home, layout.groups() / "00000000000000aa");
  fs::create_directories(layout.groups() / "00000000000000ab");
  ASSERT_EQ(::mkfifo((layout.groups() / "00000000000000ab/group.json").c_str(), 0666), 0);
  fs::create_directories(layout.groups() / "..x");
  fill(*end);
  run->request(range(0));
  ASSERT_TRUE(run->receive(5s).has_value());
  run->release(Split::kTrain, chunk);
  EXPECT_FALSE(fs::exists(layout.chunk(Split::kTrain, {0, {}}))) << "swept: no other run lives";
}

}  // namespace
}  // namespace millrace::queue
