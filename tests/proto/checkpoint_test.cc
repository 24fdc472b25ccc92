// Checkpoint folders: complete or not there, damage found, old ones removed, history set aside.
#include "proto/checkpoint.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>

#include "proto/digest.h"
#include "proto/files.h"
#include "tests/support/fake_disk.h"
#include "tests/support/sample_stream.h"
#include "tests/support/temporary_folder.h"

namespace millrace::proto {
namespace {

namespace fs = std::filesystem;

TrainerState some_state(std::uint64_t step) {
  TrainerState state;
  state.step = step;
  state.cursor = step * 32;
  state.stage_log = {{0, 0}, {640, 3}};
  state.plateau = {.best_val_loss = 0.1, .stale_count = 3};
  state.evaluation_due = true;
  state.best_val_loss = 1.0 / 3.0;
  state.best_step = 7;
  state.epoch_steps = {{5, 307}, {10, 613}};
  state.loss_scale = 65536.0;
  state.loss_scale_good = 12;
  state.seed = 0xffff'ffff'ffff'ffff;
  state.run_id = "0123456789abcdef";
  state.meta = testing::sample_meta();
  state.device = "cpu", state.dtype = "bfloat16", state.ranks = 2, state.threads = 4,
  state.cpu_capability = "AVX2";
  state.versions = {{"torch", "2.13.0"}};
  state.files = {{"model.safetensors", {3, "00000000000000aa"}}};
  return state;
}

struct CheckpointTest : ::testing::Test {
  testing::TemporaryFolder folder;
  fs::path out = folder / "out";
  std::vector<std::string> reports;

  void save(std::uint64_t step) const {
    CheckpointWriter writer(out, step);
    writer.write(kModelFile, "model " + std::to_string(step));
    writer.write(kConfigFile, "[train]\n");
    writer.commit(some_state(step));
  }
  [[nodiscard]] std::string damage(std::uint64_t step) const {
    std::string reason;
    EXPECT_FALSE(open_checkpoint(out / checkpoint_name(step), reason).has_value());
    return reason;
  }
  std::optional<std::uint64_t> newest() {
    const auto found =
        find_newest_whole(out, [this](const std::string& line) { reports.push_back(line); });
    return found ? std::optional(found->state.step) : std::nullopt;
  }
};

TEST(TrainerState, ComesBackFromItsJson) {
  EXPECT_EQ(trainer_state_from_json(to_json(some_state(1234))), some_state(1234));
  TrainerState plain = some_state(0);
  plain.best_val_loss.reset();
  plain.plateau = {};
  EXPECT_EQ(trainer_state_from_json(to_json(plain)), plain);
}

TEST(TrainerState, EveryChangedDigitIsFound) {
  const std::string json = to_json(some_state(1234));
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] < '0' || json[i] > '9') continue;
    std::string changed = json;
    changed[i] = changed[i] == '9' ? '8' : '9';
    EXPECT_THROW((void)trainer_state_from_json(changed), std::runtime_error)
        << json.substr(i > 20 ? i - 20 : 0, 40);
  }
}

TEST(TrainerState, ForeignTextIsRefused) {
  for (const char* const text : {"", "{}", "[]", "null", "{\"format\": 1}"}) {
    EXPECT_THROW((void)trainer_state_from_json(text), std::runtime_error) << text;
  }
}

TEST(TrainerState, NestingWithoutEndIsRefused) {
  constexpr std::size_t kDepth = 1'000'000;
  const std::string nested =
      R"({"format":1,"xxh64":"0","a":)" + std::string(kDepth, '[') + std::string(kDepth, ']') + "}";
  EXPECT_THROW((void)trainer_state_from_json(nested), std::runtime_error);
}

TEST(TrainerState, OfABuildThatCountedNoEpochsIsRead) {
  auto json = nlohmann::ordered_json::parse(to_json(some_state(1234)));
  json.erase("epoch_steps"), json.erase("xxh64");
  json["xxh64"] = hex16(xxh64(json.dump()));
  TrainerState without = some_state(1234);
  without.epoch_steps.clear();
  EXPECT_EQ(trainer_state_from_json(json.dump()), without);
}

TEST(TrainerState, SaysWhichLinksThereAre) {
  TrainerState state = some_state(1234);
  EXPECT_EQ(links_of(state), (Links{{"best", 7}, {"epoch-0005", 307}, {"epoch-0010", 613}}));
  state.best_val_loss.reset();
  state.epoch_steps = {{12345, 9}};
  EXPECT_EQ(links_of(state), (Links{{"epoch-12345", 9}}));
}

TEST(CheckpointName, HasEightDigitsAndGrows) {
  EXPECT_EQ(checkpoint_name(0), "step-00000000");
  EXPECT_EQ(checkpoint_name(1234), "step-00001234");
  EXPECT_EQ(checkpoint_name(1234567890), "step-1234567890");
  EXPECT_EQ(epoch_link(5), "epoch-0005");
  EXPECT_EQ(epoch_link(12345), "epoch-12345");
}

TEST_F(CheckpointTest, IsCompleteOrNotThere) {
  {
    CheckpointWriter abandoned(out, 5);
    abandoned.write(kModelFile, "half");
    EXPECT_TRUE(checkpoint_steps(out).empty());
  }
  EXPECT_TRUE(fs::is_empty(out)) << "an abandoned checkpoint leaves nothing";
  save(5);
  std::string reason;
  const auto found = open_checkpoint(out / "latest", reason);
  ASSERT_TRUE(found.has_value()) << reason;
  EXPECT_EQ(found->state.files.at(kModelFile).size_bytes, 7U);
  EXPECT_EQ(found->state.files.size(), 2U);
}

TEST_F(CheckpointTest, SavingReadsNoFileBack) {
  testing::FakeDisk disk;
  CheckpointWriter writer("out", 5, disk);
  writer.write(kModelFile, std::array<std::string_view, 3>{"a model", "", " in pieces"});
  writer.write(kConfigFile, "[train]\n");
  writer.commit(some_state(5));
  EXPECT_EQ(disk.reads(), 0U);
  std::string reason;
  const auto saved = open_checkpoint("out/latest", reason, disk);
  ASSERT_TRUE(saved.has_value()) << reason;
  EXPECT_EQ(disk.reads(), 3U) << "opening reads them all";
  EXPECT_EQ(saved->state.files.at(kModelFile), (FileDigest{17, hex16(xxh64("a model in pieces"))}));
}

TEST_F(CheckpointTest, ListsStepsAndIgnoresTheRest) {
  EXPECT_TRUE(checkpoint_steps(folder / "nowhere").empty());
  save(20), save(3);
  fs::create_directories(out / "step-7");
  fs::create_directories(out / "superseded-step-00000009");
  std::ofstream(out / "step-00000011") << "a file";
  EXPECT_EQ(checkpoint_steps(out), (std::vector<std::uint64_t>{3, 20}));
}

TEST_F(CheckpointTest, EachKindOfDamageHasItsSentence) {
  for (const std::uint64_t step : {1, 2, 3, 4, 5}) save(step);
  fs::resize_file(out / "step-00000001/model.safetensors", 2);
  EXPECT_EQ(damage(1), "model.safetensors has 2 bytes instead of 7");
  replace_file(out / "step-00000002/model.safetensors", "MODEL 2");
  EXPECT_EQ(damage(2), "model.safetensors has changed bytes (xxh64)");
  fs::remove(out / "step-00000003/config.toml");
  EXPECT_EQ(damage(3), "config.toml is missing");
  fs::resize_file(out / "step-00000004/trainer.json", 100);
  EXPECT_NE(damage(4).find("trainer.json cannot be used"), std::string::npos);
  fs::remove(out / "step-00000005/trainer.json");
  EXPECT_NE(damage(5).find("cannot read"), std::string::npos);
}

TEST_F(CheckpointTest, TheNewestWholeOneIsFoundAndTheOthersReported) {
  EXPECT_EQ(newest(), std::nullopt);
  save(10), save(20), save(30);
  EXPECT_EQ(newest(), 30U);
  EXPECT_TRUE(reports.empty());
  fs::resize_file(out / "step-00000030/model.safetensors", 1);
  EXPECT_EQ(newest(), 20U);
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_NE(
      reports[0].find(
          "step-00000030 is not whole: model.safetensors has 1 bytes instead of 8; skipping it"),
      std::string::npos);
}

TEST_F(CheckpointTest, ReplacesAnOlderOneOfTheSameStep) {
  save(10);
  CheckpointWriter writer(out, 10);
  writer.write(kModelFile, "another");
  writer.commit(some_state(10));
  EXPECT_EQ(read_file(out / "latest/model.safetensors"), "another");
  EXPECT_EQ(newest(), 10U);
  EXPECT_EQ(std::distance(fs::directory_iterator(out), fs::directory_iterator()), 2)
      << "the folder and its link";
}

TEST_F(CheckpointTest, KeepsTheLastAndTheBest) {
  for (const std::uint64_t step : {1, 2, 3, 4, 5}) save(step);
  link_checkpoint(out, kBestLink, 2);
  remove_old_checkpoints(out, 2, {{kBestLink, 2}});
  EXPECT_EQ(checkpoint_steps(out), (std::vector<std::uint64_t>{2, 4, 5}));
  EXPECT_EQ(fs::read_symlink(out / "best"), "step-00000002");
  EXPECT_EQ(fs::read_symlink(out / "latest"), "step-00000005");
  remove_old_checkpoints(out, 10, {});
  EXPECT_EQ(checkpoint_steps(out).size(), 3U);
}

TEST_F(CheckpointTest, KeepsThoseOfEpochs) {
  for (const std::uint64_t step : {1, 2, 3, 4, 5}) save(step);
  remove_old_checkpoints(out, 1, {{epoch_link(5), 1}, {epoch_link(10), 3}, {kBestLink, 3}});
  EXPECT_EQ(checkpoint_steps(out), (std::vector<std::uint64_t>{1, 3, 5}));
}

TEST_F(CheckpointTest, GoingBackSetsLaterHistoryAside) {
  for (const std::uint64_t step : {1, 2, 3}) save(step);
  link_checkpoint(out, kBestLink, 3);
  fs::create_directories(temporary_name(out / "step-00000004"));
  roll_back_to(out, 2, {{kBestLink, 1}});
  EXPECT_EQ(checkpoint_steps(out), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(fs::read_symlink(out / "latest"), "step-00000002");
  EXPECT_EQ(fs::read_symlink(out / "best"), "step-00000001");
  EXPECT_TRUE(fs::exists(out / "superseded-step-00000003/model.safetensors"));
  EXPECT_EQ(std::distance(fs::directory_iterator(out), fs::directory_iterator()), 5);
}

TEST_F(CheckpointTest, GoingBackLeavesTheLinksOfThatTimeAndNoOthers) {
  for (const std::uint64_t step : {1, 2, 3}) save(step);
  for (const std::uint64_t epoch : {5, 10, 15}) link_checkpoint(out, epoch_link(epoch), epoch / 5);
  link_final(out, 3);
  fs::create_directories(out / "epoch-0015-notes");
  roll_back_to(out, 2, {{epoch_link(5), 1}, {epoch_link(10), 2}, {epoch_link(12345), 99}});
  EXPECT_EQ(fs::read_symlink(out / "epoch-0005"), "step-00000001");
  EXPECT_EQ(fs::read_symlink(out / "epoch-0010"), "step-00000002");
  for (const char* const gone : {"epoch-0015", "epoch-12345", "final", "best"}) {
    EXPECT_FALSE(fs::exists(fs::symlink_status(out / gone))) << gone;
  }
  EXPECT_TRUE(fs::exists(out / "epoch-0015-notes")) << "not of ours";
}

TEST_F(CheckpointTest, TheEndOfARunIsLinked) {
  save(5);
  link_final(out, 5);
  EXPECT_EQ(fs::read_symlink(out / "final"), "step-00000005");
  link_final(out, 6);
  EXPECT_EQ(fs::read_symlink(out / "final"), "step-00000005")
      << "a run of no step has no checkpoint";
}

TEST_F(CheckpointTest, ANewRunHasNoLinks) {
  roll_back_to(out, 0, {});
  EXPECT_TRUE(fs::is_empty(out));
}

}  // namespace
}  // namespace millrace::proto
