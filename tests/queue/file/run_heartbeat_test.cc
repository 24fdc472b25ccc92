// One run on a queue folder is trained by one process, whichever died before, even where locks do
// not reach other hosts.
#include "queue/file/run_heartbeat.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "proto/files.h"
#include "queue/file/run_monitor.h"
#include "tests/queue/folder_world.h"
#include "tests/support/messages.h"

namespace millrace::queue {
namespace {

using namespace std::chrono_literals;
using testing::contains;
using testing::message_of;

struct RunHeartbeatTest : ::testing::Test {
  FolderWorld world;
  std::unique_ptr<ProducerEnd> producer = world.producer(1);

  [[nodiscard]] std::string owner() const {
    const auto group = proto::read_group(world.layout.group(run_id("run")), world.disk);
    return group ? group->owner : "";
  }
  /// From now on as for a process on another host, where the lock does not reach.
  void lose_locks() { world.disk.restart(); }
};

TEST_F(RunHeartbeatTest, ASecondProcessIsRefusedAndTheFirstContinues) {
  const auto first = world.met(world.run());
  const std::string message = message_of<std::runtime_error>([&] { (void)world.met(world.run()); });
  EXPECT_TRUE(contains(message, "run " + run_id("run") + " is being trained by another process"));
  EXPECT_TRUE(contains(message, "groups/" + run_id("run") +
                                    "/lock is locked): stop it, or choose another train.out_dir"));
  world.now += 1s;
  EXPECT_EQ(first->receive(0ms), std::nullopt);
  EXPECT_NE(owner(), "") << "the refused one left the group alone";
}

TEST_F(RunHeartbeatTest, OtherRunsAndOtherRanksAreWelcome) {
  const auto first = world.met(world.run("run"));
  const auto other = world.met(world.run("other"));
  ConsumerPlan rank = world.run("run");
  rank.rank = 1;
  const auto second_rank = world.met(rank);
  EXPECT_EQ(RunMonitor(world.layout).alive(world.now).size(), 2U);
}

TEST_F(RunHeartbeatTest, AResumeAfterAKillDoesNotWait) {
  auto killed = world.met(world.run());
  world.disk.crash_after(0);
  killed.reset();
  world.disk.restart();
  EXPECT_NE(owner(), "") << "it could not take its group away";
  const std::string before = owner();
  const auto resumed = world.met(world.run());
  EXPECT_NE(owner(), before);
  for (int i = 0; i < 20; ++i) {
    world.now += kHeartbeatInterval;
    EXPECT_EQ(resumed->receive(0ms), std::nullopt);
  }
}

TEST_F(RunHeartbeatTest, WithoutLocksANewProcessNoticesTheRunThatIsAlive) {
  const auto first = world.met(world.run());
  world.now += kNewcomerFor + 1s;
  EXPECT_EQ(first->receive(0ms), std::nullopt);
  lose_locks();
  auto second = world.met(world.run());
  world.now += kHeartbeatInterval;
  EXPECT_EQ(first->receive(0ms), std::nullopt) << "one that is established just writes";
  EXPECT_TRUE(contains(message_of<std::runtime_error>([&] { (void)second->receive(0ms); }),
                       "group.json is written by it"));
  second.reset();
  EXPECT_NE(owner(), "") << "the newcomer takes nothing away";
}

TEST_F(RunHeartbeatTest, ARunIdThatIsAPathIsRefusedAndNothingIsRemoved) {
  proto::make_folders("/home/me/thesis", world.disk);
  for (const char* const id : {"/home/me/thesis", "../../home/me/thesis", "..", ".", "", "run"}) {
    ConsumerPlan plan = world.run();
    plan.run_id = id;
    EXPECT_TRUE(contains(message_of<std::runtime_error>([&] { (void)world.met(plan); }),
                         "the run id is not 16 lower-case hex digits"))
        << id;
  }
  EXPECT_TRUE(world.disk.stat("/home/me/thesis").has_value());
}

TEST_F(RunHeartbeatTest, AnEndTakesItsOwnFilesAloneAway) {
  auto run = world.met(world.run());
  const std::filesystem::path folder = world.layout.run(run_id("run"));
  const std::string ours = proto::temporary_name(world.layout.group(run_id("run"))).filename();
  for (const std::string& name : {std::string("notes"), std::string(".group.json.tmp"), ours}) {
    proto::replace_file(folder / name, "x", world.disk);
  }
  run.reset();
  EXPECT_EQ(world.disk.list(folder), (std::vector<std::string>{".group.json.tmp", "notes"}));
}

TEST_F(RunHeartbeatTest, AFolderThatCannotBeWrittenForAWhileEndsNoRun) {
  const auto run = world.met(world.run());
  world.disk.fail_after(0, EROFS);
  for (int i = 0; i < 200; ++i) {
    world.now += kHeartbeatInterval;
    EXPECT_EQ(run->receive(0ms), std::nullopt);
    EXPECT_EQ(producer->next(0ms), std::nullopt);
  }
  EXPECT_TRUE(contains(producer->state(), "Read-only file system, trying again"));
  world.disk.heal();
  world.now += 1s;
  EXPECT_EQ(run->receive(0ms), std::nullopt);
  EXPECT_EQ(world.fill(*producer).size(), 2U);
  EXPECT_FALSE(contains(producer->state(), "Read-only"));
}

TEST_F(RunHeartbeatTest, AClearedQueueIsWrittenAgain) {
  const auto run = world.met(world.run());
  proto::remove_all("/q", world.disk);
  world.now += kHeartbeatInterval;
  EXPECT_EQ(run->receive(0ms), std::nullopt);
  EXPECT_NE(owner(), "");
}

}  // namespace
}  // namespace millrace::queue
