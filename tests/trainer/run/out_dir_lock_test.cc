// One trainer at a time in an output folder.
#include "trainer/run/out_dir_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "config/errors.h"
#include "proto/files.h"
#include "tests/support/captured_log.h"
#include "tests/support/messages.h"
#include "tests/support/temporary_folder.h"

namespace millrace::trainer {
namespace {

using config::UsageError;
using std::chrono::milliseconds;

constexpr OutDirLockTiming kFast{.write_every = milliseconds(5), .watch_for = milliseconds(300)};

struct OutDirLockTest : ::testing::Test {
  testing::TemporaryFolder folder;
  std::filesystem::path out = folder / "runs/out";
  std::filesystem::path file = out / OutDirLock::kFile;

  [[nodiscard]] std::string refusal() const {
    return testing::message_of<UsageError>([&] { OutDirLock(out, proto::real_disk(), kFast); });
  }
  /// Leaves the file of a holder, this process, with these entries changed.
  void leave_file(const nlohmann::ordered_json& changes) const {
    std::string text;
    proto::make_folders(out, proto::real_disk());
    {
      const OutDirLock held(out);
      text = proto::read_file(file);
    }
    nlohmann::ordered_json holder = nlohmann::ordered_json::parse(text);
    holder.update(changes);
    proto::replace_file(file, holder.dump() + "\n");
  }
  /// What the lock's file says. The holder writes it in place, so half of it may be there.
  [[nodiscard]] nlohmann::ordered_json content() const {
    for (;;) {
      auto json = nlohmann::ordered_json::parse(proto::read_file(file), nullptr, false);
      if (!json.is_discarded()) return json;
    }
  }
  [[nodiscard]] std::uint64_t count() const { return content().at("count"); }
};

TEST_F(OutDirLockTest, ASecondHolderIsRefusedWithTheFirst) {
  const OutDirLock first(out);
  const std::string text = refusal();
  EXPECT_TRUE(testing::contains(
      text, "is being trained into by process " + std::to_string(::getpid()) + " on "));
  EXPECT_TRUE(testing::contains(text, file.string()));
  first.check();
}

TEST_F(OutDirLockTest, LeavesNothingBehind) {
  { const OutDirLock held(out); }
  EXPECT_FALSE(std::filesystem::exists(out));
  std::filesystem::create_directories(out);
  { const OutDirLock held(out); }
  EXPECT_TRUE(std::filesystem::is_empty(out)) << "the folder was there";
  const OutDirLock again(out);
}

TEST_F(OutDirLockTest, ALinkInItsPlaceIsRefused) {
  std::filesystem::create_directories(out);
  std::filesystem::create_symlink(folder / "theirs", file);
  EXPECT_TRUE(testing::contains(refusal(), "train.lock is a link"));
  EXPECT_FALSE(std::filesystem::exists(folder / "theirs"));
}

TEST_F(OutDirLockTest, AFolderWithARunInItStays) {
  {
    const OutDirLock held(out);
    proto::replace_file(out / "metrics.jsonl", "a line");
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(out), {}), 1);
}

/// The id of a process that has ended.
pid_t dead_process() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
  return child;
}

TEST_F(OutDirLockTest, TheFileOfADeadHolderOfThisMachineIsTakenAtOnce) {
  leave_file({{"id", "0123456789abcdef"}, {"pid", dead_process()}});
  const testing::CapturedLog log;
  const OutDirLock held(out);
  EXPECT_EQ(log.text(), "");
}

TEST_F(OutDirLockTest, AnotherProcessWithTheNumberOfTheDeadHolderIsNotTakenForIt) {
  leave_file({{"started", 1}});
  const OutDirLock held(out);
}

TEST_F(OutDirLockTest, TheFileOfALivingHolderIsRefusedThoughNothingIsLocked) {
  leave_file(nlohmann::ordered_json::object());
  EXPECT_TRUE(testing::contains(
      refusal(), "is being trained into by process " + std::to_string(::getpid()) + " on "));
}

TEST_F(OutDirLockTest, TheFileInACopyOfALivingHoldersFolderIsNobodys) {
  leave_file(nlohmann::ordered_json::object());
  const std::filesystem::path copy = out.string() + ".copy";
  std::filesystem::copy(out, copy);
  const testing::CapturedLog log;
  const OutDirLock held(copy);
  EXPECT_EQ(log.text(), "");
}

TEST_F(OutDirLockTest, AHolderWhoseFileIsRemovedMakesAndLocksItAnew) {
  const OutDirLock first(out, proto::real_disk(), kFast);
  std::filesystem::remove(file);
  bool locked = false;
  for (int i = 0; i < 400 && !locked; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
    locked = std::filesystem::exists(file) && proto::real_disk().lock(file) == nullptr;
  }
  EXPECT_TRUE(locked);
  EXPECT_TRUE(testing::contains(refusal(), "is being trained into by process "));
  first.check();
}

TEST_F(OutDirLockTest, AnotherMachinesFileIsTakenWhereItsCountStandsStill) {
  leave_file({{"boot", "another"}, {"host", "far"}});
  const testing::CapturedLog log;
  const OutDirLock held(out, proto::real_disk(), kFast);
  EXPECT_EQ(log.count("whether another process trains into"), 1);
}

TEST_F(OutDirLockTest, AnotherMachinesFileIsRefusedWhereItsCountChanges) {
  leave_file({{"boot", "another"}, {"host", "far"}, {"pid", 7}});
  const std::string before = proto::read_file(file);
  std::jthread living([&](const std::stop_token& stop) {
    for (int i = 0; !stop.stop_requested(); ++i) {
      nlohmann::ordered_json holder = nlohmann::ordered_json::parse(before);
      holder["count"] = 1000 + i;
      std::ofstream(file) << holder.dump();
      std::this_thread::sleep_for(milliseconds(20));
    }
  });
  EXPECT_TRUE(testing::contains(refusal(), "by process 7 on far"));
}

TEST_F(OutDirLockTest, AHolderKeepsCounting) {
  const OutDirLock held(out, proto::real_disk(), kFast);
  const std::uint64_t before = count();
  std::this_thread::sleep_for(milliseconds(200));
  EXPECT_GT(count(), before);
}

TEST_F(OutDirLockTest, AHolderThatLostTheFolderSaysSoAndLeavesTheFile) {
  std::optional<OutDirLock> held(std::in_place, out, proto::real_disk(), kFast);
  nlohmann::ordered_json other = content();
  other["id"] = "0123456789abcdef";
  std::string message;
  for (int i = 0; i < 200 && !testing::contains(message, "taken by another process"); ++i) {
    std::ofstream(file) << other.dump();
    std::this_thread::sleep_for(milliseconds(10));
    message = testing::message_of<std::runtime_error>([&] { held->check(); });
  }
  EXPECT_TRUE(testing::contains(message, "taken by another process"));
  held.reset();
  EXPECT_TRUE(std::filesystem::exists(file));
}

TEST_F(OutDirLockTest, AFileThatIsNotOursIsNamedAndStays) {
  std::filesystem::create_directories(out);
  for (const char* const mine : {"mine", "{}", R"({"held_by":"me"})"}) {
    std::ofstream(file) << mine;
    EXPECT_TRUE(testing::contains(refusal(), "train.lock is not of a run"));
    EXPECT_EQ(proto::read_file(file), mine);
  }
}

TEST_F(OutDirLockTest, ACutFileIsTaken) {
  std::filesystem::create_directories(out);
  for (const std::string& cut :
       {std::string(), std::string(R"({"held_by":"mill)"),
        std::string(R"({"held_by":"millrace train","id)"), std::string(5, '\0')}) {
    std::ofstream(file) << cut;
    const OutDirLock held(out, proto::real_disk(), kFast);
    EXPECT_GE(count(), 1U);
  }
}

TEST_F(OutDirLockTest, AFileInTheFoldersPlaceIsNamed) {
  std::ofstream(folder / "runs") << "mine";
  EXPECT_TRUE(testing::contains(
      testing::message_of<UsageError>([&] { OutDirLock(folder / "runs"); }), "is not a folder"));
}

}  // namespace
}  // namespace millrace::trainer
