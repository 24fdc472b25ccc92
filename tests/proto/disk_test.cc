// The contract of a disk, for the real one and for the one in memory that other tests use; and
// tests that need the real one.
#include "proto/disk.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>

#include "proto/checkpoint.h"
#include "proto/files.h"
#include "tests/support/fake_disk.h"
#include "tests/support/messages.h"
#include "tests/support/sample_stream.h"
#include "tests/support/temporary_folder.h"

namespace millrace::proto {
namespace {

using Names = std::vector<std::string>;
using testing::contains;
using testing::message_of;

class AnyDisk : public ::testing::TestWithParam<std::string> {
 protected:
  AnyDisk() { make_folders(at, disk); }

  void put(const std::string& name, std::string_view content) {
    disk.write(at / name, std::span(&content, 1));
  }
  std::string get(const std::string& name) { return read_file(at / name, disk); }
  /// The errno that `call` ends with, or 0.
  static int reason_of(const std::function<void()>& call) {
    try {
      call();
      return 0;
    } catch (const DiskError& error) {
      return error.reason();
    }
  }

  testing::TemporaryFolder folder;
  testing::FakeDisk fake;
  Disk& disk = GetParam() == "Real" ? real_disk() : fake;
  const std::filesystem::path at = folder / "here";
};

TEST_P(AnyDisk, GivesBackWhatWasWritten) {
  const std::string_view pieces[] = {"one", "", "two"};
  disk.write(at / "a", pieces);
  EXPECT_EQ(get("a"), "onetwo");
  put("a", "x");
  EXPECT_EQ(get("a"), "x") << "in place of what was there";
  EXPECT_EQ(disk.stat(at / "a")->size_bytes, 1U);
  EXPECT_FALSE(disk.stat(at / "a")->is_folder);
}

TEST_P(AnyDisk, ReadsNoMoreThanAskedForIntoAlignedMemory) {
  put("a", "0123456789");
  const auto start = disk.read(at / "a", 4);
  ASSERT_TRUE(start.has_value());
  EXPECT_EQ(text(start->bytes), "0123");
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(start->bytes.data()) % kColumnAlignment, 0U);
  put("a", "");
  EXPECT_EQ(text(start->bytes), "0123") << "what was read stays, whatever becomes of the file";
  EXPECT_EQ(disk.read(at / "a", Disk::kAll)->bytes.size(), 0U);
}

TEST_P(AnyDisk, WhatIsNotThereIsEmptyAndWhatCannotBeIsAnError) {
  EXPECT_FALSE(disk.read(at / "a", Disk::kAll).has_value());
  EXPECT_FALSE(disk.stat(at / "a" / "b").has_value());
  EXPECT_EQ(disk.list(at / "a"), Names{});
  EXPECT_TRUE(disk.remove(at / "a"));
  EXPECT_EQ(reason_of([&] { (void)disk.read(at, Disk::kAll); }), EISDIR);
  EXPECT_EQ(reason_of([&] { disk.rename(at / "a", at / "b"); }), ENOENT);
  EXPECT_EQ(reason_of([&] { disk.sync(at / "a"); }), ENOENT);
  EXPECT_EQ(reason_of([&] { disk.write(at / "a" / "b", {}); }), ENOENT);
  EXPECT_EQ(reason_of([&] { disk.make_folder(at / "a" / "b"); }), ENOENT);
  const std::string message = message_of<DiskError>([&] { (void)read_file(at / "a", disk); });
  EXPECT_EQ(message, (at / "a").string() + ": cannot read: No such file or directory");
}

TEST_P(AnyDisk, NamesAreTakenOnce) {
  EXPECT_TRUE(disk.create(at / "a"));
  EXPECT_FALSE(disk.create(at / "a"));
  EXPECT_TRUE(disk.make_folder(at / "b"));
  EXPECT_FALSE(disk.make_folder(at / "b"));
  EXPECT_TRUE(disk.stat(at / "b")->is_folder);
  EXPECT_EQ(disk.list(at), (Names{"a", "b"}));
}

TEST_P(AnyDisk, RenamingReplaces) {
  put("a", "new");
  put("b", "old");
  disk.rename(at / "a", at / "b");
  EXPECT_EQ(disk.list(at), Names{"b"});
  EXPECT_EQ(get("b"), "new");
  make_folders(at / "full" / "inner", disk);
  disk.make_folder(at / "c");
  EXPECT_EQ(reason_of([&] { disk.rename(at / "c", at / "full"); }), ENOTEMPTY);
}

TEST_P(AnyDisk, ExchangingSwaps) {
  make_folders(at / "a" / "of a", disk);
  make_folders(at / "b" / "of b", disk);
  ASSERT_TRUE(disk.exchange(at / "a", at / "b"));
  EXPECT_EQ(disk.list(at / "a"), Names{"of b"});
  EXPECT_EQ(disk.list(at / "b"), Names{"of a"});
  EXPECT_EQ(reason_of([&] { (void)disk.exchange(at / "a", at / "absent"); }), ENOENT);
}

TEST_P(AnyDisk, LinksAreFollowedButNotRemovedThrough) {
  make_folders(at / "target", disk);
  put("target/file", "x");
  EXPECT_TRUE(disk.link("target", at / "link"));
  EXPECT_EQ(disk.link_target(at / "link"), "target");
  for (const char* const name : {"target", "target/file", "absent"}) {
    EXPECT_EQ(disk.link_target(at / name), std::nullopt) << name;
  }
  EXPECT_EQ(get("link/file"), "x");
  EXPECT_TRUE(disk.stat(at / "link")->is_folder);
  EXPECT_EQ(reason_of([&] { (void)disk.link("target", at / "link"); }), EEXIST);
  remove_all(at / "link", disk);
  EXPECT_EQ(disk.list(at), Names{"target"});
  EXPECT_EQ(get("target/file"), "x");
}

TEST_P(AnyDisk, NoFileIsMadeThroughALink) {
  put("victim", "of the user");
  ASSERT_TRUE(disk.link("victim", at / "link"));
  ASSERT_TRUE(disk.link("absent", at / "dangling"));
  for (const char* const name : {"link", "dangling", "victim"}) {
    EXPECT_EQ(reason_of([&] { disk.write_new(at / name, {}); }), EEXIST) << name;
    EXPECT_FALSE(disk.create(at / name)) << name;
  }
  EXPECT_EQ(reason_of([&] { put("link", "x"); }), ELOOP);
  EXPECT_EQ(reason_of([&] { put("dangling", "x"); }), ELOOP);
  EXPECT_EQ(reason_of([&] { (void)disk.lock(at / "link"); }), ELOOP);
  EXPECT_EQ(get("victim"), "of the user");
  EXPECT_EQ(disk.list(at), (Names{"dangling", "link", "victim"}));
  const std::string_view content = "new";
  disk.write_new(at / "fresh", std::span(&content, 1));
  EXPECT_EQ(get("fresh"), "new");
}

TEST_P(AnyDisk, BelowAGuardedFolderNoLinkIsFollowed) {
  make_folders(at / "home" / "deep", disk);
  put("home/file", "of the user");
  make_folders(at / "shared" / "own", disk);
  put("shared/own/file", "x");
  ASSERT_TRUE(disk.link("shared", at / "way"));
  const auto queue = at / "way";  // reached through a link: that is the user's own
  disk.refuse_links_below(queue);
  ASSERT_TRUE(disk.link("../home", at / "shared" / "folder"));
  ASSERT_TRUE(disk.link("../home/file", at / "shared" / "file"));
  ASSERT_TRUE(disk.link("ring", at / "shared" / "ring"));
  EXPECT_EQ(read_file(queue / "own" / "file", disk), "x");

  const std::function<void()> refused[] = {
      [&] { (void)disk.read(queue / "file", Disk::kAll); },
      [&] { (void)disk.read(queue / "ring", Disk::kAll); },
      [&] { (void)disk.read(queue / "folder" / "file", Disk::kAll); },
      [&] { (void)disk.list(queue / "folder"); },
      [&] { (void)disk.list(queue / "folder" / "deep"); },
      [&] { (void)disk.stat(queue / "folder" / "file"); },
      [&] { (void)disk.remove(queue / "folder" / "file"); },
      [&] { (void)disk.create(queue / "folder" / "new"); },
      [&] { disk.make_folder(queue / "folder" / "new"); },
      [&] { disk.write_new(queue / "folder" / "new", {}); },
      [&] { disk.write(queue / "folder" / "file", {}); },
      [&] { (void)disk.lock(queue / "folder" / "file"); },
      [&] { disk.rename(queue / "folder" / "file", queue / "own" / "taken"); },
      [&] { disk.rename(queue / "own" / "file", queue / "folder" / "given"); },
  };
  for (std::size_t i = 0; i < std::size(refused); ++i) {
    EXPECT_EQ(reason_of(refused[i]), ELOOP) << "operation " << i;
  }
  EXPECT_THROW(make_folders(queue / "folder", disk), DiskError) << "it is no folder";
  EXPECT_FALSE(disk.stat(queue / "folder")->is_folder);
  EXPECT_FALSE(disk.stat(queue / "ring")->is_folder);

  remove_all(queue / "folder", disk);
  remove_all(queue / "file", disk);
  disk.rename(queue / "ring", queue / "own" / "ring");
  EXPECT_EQ(disk.list(at / "shared"), Names{"own"}) << "links go, and what they lead to stays";
  EXPECT_EQ(disk.list(at / "home"), (Names{"deep", "file"}));
  EXPECT_EQ(get("home/file"), "of the user");
}

TEST(RealDisk, AWriteInPlaceTakesTheRoomOfWhatWasThere) {
  const testing::TemporaryFolder folder;
  const std::string_view old = "old", fresh = "new";
  real_disk().write(folder / "a", std::span(&old, 1));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit none{0, before.rlim_max};
  std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
  const std::string message =
      message_of<DiskError>([&] { real_disk().write(folder / "a", std::span(&fresh, 1)); });
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_TRUE(contains(message, "cannot write"));
  EXPECT_EQ(read_file(folder / "a"), "old") << "it is not emptied before";
}

TEST(FilesOfADisk, RemovingAllSaysWhereAFolderStays) {
  struct Busy : testing::FakeDisk {  // another process puts a file in after each look
    std::vector<std::string> list(const std::filesystem::path& folder) override {
      std::vector<std::string> names = FakeDisk::list(folder);
      (void)create(folder / "new");
      return names;
    }
  } busy;
  busy.make_folder("a");
  EXPECT_TRUE(busy.create("a/file"));
  EXPECT_FALSE(remove_all("a", busy));
  EXPECT_TRUE(busy.stat("a/new"));
  testing::FakeDisk quiet;
  quiet.make_folder("a");
  EXPECT_TRUE(quiet.create("a/file"));
  EXPECT_TRUE(remove_all("a", quiet));
  EXPECT_TRUE(remove_all("a", quiet)) << "nothing is there";
}

TEST_P(AnyDisk, AFolderWithSomethingInItStaysUnlessAllOfItIsToGo) {
  make_folders(at / "a" / "b", disk);
  put("a/b/file", "x");
  EXPECT_FALSE(disk.remove(at / "a"));
  EXPECT_EQ(get("a/b/file"), "x");
  remove_all(at / "a", disk);
  EXPECT_EQ(disk.list(at), Names{});
}

TEST_P(AnyDisk, ALockIsHeldByOneUntilItDies) {
  auto first = disk.lock(at / "lock");
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(disk.lock(at / "lock"), nullptr);
  EXPECT_NE(disk.lock(at / "other"), nullptr);
  first.reset();
  EXPECT_NE(disk.lock(at / "lock"), nullptr);
}

TEST_P(AnyDisk, ALockOnAFileThatWasRemovedIsNotALockOnItsSuccessor) {
  const auto first = disk.lock(at / "lock");
  disk.remove(at / "lock");
  EXPECT_NE(disk.lock(at / "lock"), nullptr);
}

TEST_P(AnyDisk, ReplacingLeavesNothingBeside) {
  replace_file(at / "a", "x", disk);
  EXPECT_EQ(disk.list(at), Names{"a"});
  make_folders(at / "full" / "inner", disk);
  EXPECT_THROW(replace_file(at / "full", "x", disk), DiskError);
  EXPECT_EQ(disk.list(at), (Names{"a", "full"}));
}

INSTANTIATE_TEST_SUITE_P(Disks, AnyDisk, ::testing::Values("Real", "Fake"),
                         [](const auto& param) { return param.param; });

/// The exit status of a new process that runs `act`; −1 where a signal ended it.
int in_a_child(const std::function<int()>& act) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(act());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void save(const std::filesystem::path& out, std::uint64_t step, std::size_t model_bytes) {
  CheckpointWriter writer(out, step);
  writer.write(kModelFile, std::string(model_bytes, 'm'));
  TrainerState state;
  state.step = step;
  state.run_id = "0123456789abcdef";
  state.meta = testing::sample_meta();
  writer.commit(state);
}

TEST(RealDisk, AFileThatMayNotGrowLeavesOlderCheckpointsAlone) {
  const testing::TemporaryFolder folder;
  save(folder / "out", 1, 1000);
  const int status = in_a_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1 << 16, 1 << 16};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
    const std::string message = message_of<DiskError>([&] { save(folder / "out", 2, 1 << 20); });
    return contains(message, "model.safetensors: cannot write: File too large") ? 0 : 2;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(find_newest_whole(folder / "out", [](const std::string&) {})->state.step, 1U);
  EXPECT_EQ(real_disk().list(folder / "out"), (Names{"latest", "step-00000001"}));
  save(folder / "out", 2, 1000);
}

TEST(RealDisk, ALockIsFreeOnceItsProcessIsKilled) {
  const testing::TemporaryFolder folder;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = real_disk().lock(folder / "lock");
    if (::write(ready[1], "x", 1) == 1) ::pause();
    ::_exit(1);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(real_disk().lock(folder / "lock"), nullptr);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_NE(real_disk().lock(folder / "lock"), nullptr);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(RealDisk, APipeIsNotWaitedFor) {
  const testing::TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THROW((void)real_disk().read(folder / "pipe", Disk::kAll), DiskError);
}

}  // namespace
}  // namespace millrace::proto
