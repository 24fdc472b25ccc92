// Checkpoints on a disk that loses its power, fills up or fails at any operation: the newest
// complete one is the newest that was committed, or the one that was being written, and never half
// of one.
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

/// A run's operations on its folder, and the checkpoints that may be the newest at any time.
class SavedRun {
 public:
  explicit SavedRun(FakeDisk& disk) : disk_(disk) {}

  /// Starts, saves step 10 (kept for good), saves step 20 twice (before and after its evaluation),
  /// ends at step 40, goes back to step 20, and ends at step 30.
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
    writer.write(kModelFile, model);
    writer.write(kConfigFile, "[train]\n");
    state_.step = step;
    writer.commit(state_);
    saved_[step] = model;
    may_be_newest_ = {model};
    for (const auto& [link, target] : links_of(state_)) {
      if (target == step) {
        link_checkpoint(kOut, link, step, disk_);
      }
    }
    remove_old_checkpoints(kOut, 2, links_of(state_), state_.run_id, disk_);
  }

  /// Expects the disk to be in a state that the run may leave behind.
  void check(const std::string& when) {
    const auto found = find_newest_whole(
        kOut, [&](const std::string& line) { ADD_FAILURE() << when << ": " << line; }, disk_);
    const std::string model = found ? read_file(found->folder / kModelFile, disk_) : "";
    EXPECT_TRUE(may_be_newest_.contains(model)) << when << ": found '" << model << "'";
  }

 private:
  static TrainerState first_state() {
    TrainerState state;
    state.run_id = "0123456789abcdef";
    state.meta = testing::sample_meta();
    return state;
  }
  /// The checkpoints that may be the newest while those after `step` are set aside one by one.
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

/// The names of links whose checkpoint is missing.
std::string dangling(FakeDisk& disk) {
  std::string names;
  for (const std::string& name : disk.list(kOut)) {
    if (!disk.stat(kOut / name)) {
      names += name + " ";
    }
  }
  return names;
}

/// Resumes a run from whatever is there, as `train --resume=auto` does.
void resume(FakeDisk& disk) {
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
      if (seed > 0) disk.lose_power(seed);  // else only the process dies
      disk.restart();
      EXPECT_TRUE(seed > 0 || dangling(disk).empty())
          << "cut before operation " << at << ": " << dangling(disk);
      run.check("cut before operation " + std::to_string(at) + ", seed " + std::to_string(seed));
      resume(disk);
    }
  }
}

TEST(CheckpointPower, AFileSystemThatCannotSwapNamesReplacesACheckpointToo) {
  FakeDisk disk;
  disk.forbid_exchange();
  SavedRun run(disk);
  run.play();
  run.check("at the end");
  resume(disk);
}

TEST(CheckpointPower, AFileSystemWithoutLinksHasCheckpointsToo) {
  FakeDisk disk;
  disk.forbid_links();
  SavedRun run(disk);
  run.play();
  run.check("at the end");
  EXPECT_EQ(linked_checkpoint(kOut, kLatestLink, disk), kOut / checkpoint_name(30));
  EXPECT_EQ(linked_checkpoint(kOut, kBestLink, disk), kOut / checkpoint_name(20));
  EXPECT_EQ(linked_checkpoint(kOut, epoch_link(5), disk), kOut / checkpoint_name(10));
}

/// After an error from any operation, the older checkpoints must be as they were: the process may
/// end, or try again later.
void fail_everywhere(int reason, bool cut_too) {
  const std::uint64_t operations = operations_of_a_run();
  std::uint64_t failed = 0;
  for (std::uint64_t at = 0; at < operations; ++at) {
    FakeDisk disk;
    SavedRun run(disk);
    disk.fail_after(at, reason);
    const std::string message = testing::message_of<DiskError>([&] { run.play(); });
    if (message == "(nothing was thrown)") continue;  // no later operation can fail for this reason
    ++failed;
    EXPECT_TRUE(testing::contains(message, ": cannot "));
    EXPECT_TRUE(testing::contains(message, std::strerror(reason)));
    disk.heal();
    if (cut_too) disk.lose_power(at);
    run.check("error from operation " + std::to_string(at));
    resume(disk);
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
