// Checkpoints on a disk that loses its power, fills up or breaks at any operation: the newest whole
// one is the newest that was committed, or the one that was being written, and never half of one.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <string>

#include "proto/checkpoint.h"
#include "proto/files.h"
#include "tests/support/fake_disk.h"
#include "tests/support/messages.h"
#include "tests/support/sample_stream.h"

namespace millrace::proto {
namespace {

using testing::FakeDisk;
using testing::PowerCut;

const std::filesystem::path kOut = "runs/a/out";
constexpr std::uint64_t kSeeds = 6;
constexpr const char* kModel = "the model of step ";

/// What a run does to its folder, and which checkpoints may be the newest at any time.
class SavedRun {
 public:
  explicit SavedRun(FakeDisk& disk) : disk_(disk) {}

  /// Starts, saves (step 10 for good), evaluates late at step 20 and so saves it again, goes on to
  /// an end, goes back to step 20, and goes on from there to another end.
  void play() {
    start(0);
    state_.epoch_steps = {{5, 10}};
    save(10);
    save(20, ", before its evaluation");
    state_.best_val_loss = 1.5;
    state_.best_step = 20;
    save(20, ", after its evaluation");
    save(30);
    state_.epoch_steps[20] = 40;
    save(40);
    link_final(kOut, 40, disk_);
    state_.epoch_steps.erase(20);
    start(20);
    save(30, ", the second time");
    link_final(kOut, 30, disk_);
  }

  void start(std::uint64_t step) {
    may_be_newest_ = from(step);
    roll_back_to(kOut, step, links_of(state_), disk_);
    may_be_newest_ = {saved_[step]};
  }

  void save(std::uint64_t step, const std::string& note = "") {
    const std::string model = kModel + std::to_string(step) + note;
    may_be_newest_.insert(model);
    CheckpointWriter writer(kOut, step, disk_);
    replace_file(writer.file(kModelFile), model, disk_);
    replace_file(writer.file(kConfigFile), "[train]\n", disk_);
    state_.step = step;
    writer.commit(state_);
    saved_[step] = model;
    may_be_newest_ = {model};
    for (const auto& [link, target] : links_of(state_)) {
      if (target == step) {
        link_checkpoint(kOut, link, step, disk_);
      }
    }
    remove_old_checkpoints(kOut, 2, links_of(state_), disk_);
  }

  /// Whether what is on the disk now is a state that the run may leave behind.
  void check(const std::string& when) {
    const auto found = find_newest_whole(
        kOut, [&](const std::string& line) { ADD_FAILURE() << when << ": " << line; }, disk_);
    const std::string model = found ? read_file(found->folder / kModelFile, disk_) : "";
    EXPECT_TRUE(may_be_newest_.contains(model)) << when << ": found '" << model << "'";
  }

 private:
  static TrainerState first_state() {
    TrainerState state;
    state.meta = testing::sample_meta();
    return state;
  }
  /// What may be the newest while later ones are set aside, one after the other.
  [[nodiscard]] std::set<std::string> from(std::uint64_t step) {
    std::set<std::string> models{saved_[step]};
    for (const auto& [saved, model] : saved_) {
      if (saved > step) {
        models.insert(model);
      }
    }
    return models;
  }

  FakeDisk& disk_;
  std::map<std::uint64_t, std::string> saved_;  ///< the model by step; empty for step 0
  std::set<std::string> may_be_newest_{""};     ///< "": there may be none yet
  TrainerState state_ = first_state();
};

std::uint64_t operations_of_a_run() {
  FakeDisk disk;
  SavedRun(disk).play();
  return disk.operations();
}

/// Links whose checkpoint is not there.
std::string dangling(FakeDisk& disk) {
  std::string names;
  for (const std::string& name : disk.list(kOut)) {
    if (!disk.stat(kOut / name)) {
      names += name + " ";
    }
  }
  return names;
}

/// A run that may go on from whatever is there, as `train --resume=auto` does.
void goes_on(FakeDisk& disk) {
  const auto found = find_newest_whole(
      kOut, [](const std::string&) {}, disk);
  SavedRun run(disk);
  roll_back_to(kOut, found ? found->state.step : 0, found ? links_of(found->state) : Links(), disk);
  EXPECT_EQ(dangling(disk), "");
  EXPECT_EQ(disk.stat(kOut / epoch_link(5)).has_value(), found.has_value())
      << "the first checkpoint is kept for good";
  run.save(50);
  for (const std::string& name : disk.list(kOut)) {
    EXPECT_FALSE(name.starts_with(".")) << "left behind: " << name;
  }
  EXPECT_EQ(find_newest_whole(
                kOut, [](const std::string&) {}, disk)
                ->state.step,
            50U);
}

TEST(CheckpointPower, ACutBetweenAnyTwoOperationsLeavesTheNewestWholeOne) {
  const std::uint64_t operations = operations_of_a_run();
  ASSERT_GT(operations, 100U);
  for (std::uint64_t at = 0; at < operations; ++at) {
    for (std::uint64_t seed = 0; seed <= kSeeds; ++seed) {
      FakeDisk disk;
      SavedRun run(disk);
      disk.crash_after(at);
      EXPECT_THROW(run.play(), PowerCut);
      if (seed > 0) disk.lose_power(seed);  // else the process alone dies
      disk.restart();
      EXPECT_TRUE(seed > 0 || dangling(disk).empty())
          << "cut before operation " << at << ": " << dangling(disk);
      run.check("cut before operation " + std::to_string(at) + ", seed " + std::to_string(seed));
      goes_on(disk);
    }
  }
}

TEST(CheckpointPower, AFileSystemThatCannotSwapNamesReplacesACheckpointToo) {
  FakeDisk disk;
  disk.forbid_exchange();
  SavedRun run(disk);
  run.play();
  run.check("at the end");
  goes_on(disk);
}

/// After an error the process ends, or tries again later; both must find the older checkpoints as
/// they were.
void fail_everywhere(int reason, bool cut_too) {
  const std::uint64_t operations = operations_of_a_run();
  std::uint64_t failed = 0;
  for (std::uint64_t at = 0; at < operations; ++at) {
    FakeDisk disk;
    SavedRun run(disk);
    disk.fail_after(at, reason);
    const std::string message = testing::message_of<DiskError>([&] { run.play(); });
    if (message == "(nothing was thrown)") continue;  // nothing behind it could fail so
    ++failed;
    EXPECT_TRUE(testing::contains(message, ": cannot "));
    EXPECT_TRUE(testing::contains(message, std::strerror(reason)));
    disk.heal();
    if (cut_too) disk.lose_power(at);
    run.check("error from operation " + std::to_string(at));
    goes_on(disk);
  }
  EXPECT_GT(failed, operations / 2);
}

TEST(CheckpointPower, AFullDiskLeavesOlderCheckpointsAlone) { fail_everywhere(ENOSPC, false); }
TEST(CheckpointPower, ADiskThatTurnsReadOnlyLeavesOlderCheckpointsAlone) {
  fail_everywhere(EROFS, false);
}
TEST(CheckpointPower, AFailingSyncLeavesOlderCheckpointsAlone) { fail_everywhere(EIO, false); }
TEST(CheckpointPower, AFailingSyncAndThenACutLeaveOlderCheckpointsAlone) {
  fail_everywhere(EIO, true);
}

}  // namespace
}  // namespace millrace::proto
