// Checkpoint folders: complete or not there, damage found, old ones removed, history set aside.
#include "proto/checkpoint.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <climits>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "proto/digest.h"
#include "proto/files.h"
#include "tests/support/fake_disk.h"
#include "tests/support/messages.h"
#include "tests/support/sample_stream.h"
#include "tests/support/temporary_folder.h"

namespace millrace::proto {
namespace {

namespace fs = std::filesystem;
using nlohmann::literals::operator""_json_pointer;
using testing::contains;

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
  state.meta.train_stages = {"first", "second", "third", "fourth"};
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

/// The text of some_state with a change, and with the digest of what is there then.
template <class Change>
std::string sealed_after(Change change) {
  auto json = nlohmann::ordered_json::parse(to_json(some_state(1234)));
  change(json);
  json.erase("xxh64");
  json["xxh64"] = hex16(xxh64(json.dump()));
  return json.dump();
}

TEST(TrainerState, OfABuildThatCountedNoEpochsIsRead) {
  TrainerState without = some_state(1234);
  without.epoch_steps.clear();
  EXPECT_EQ(trainer_state_from_json(sealed_after([](auto& json) { json.erase("epoch_steps"); })),
            without);
}

/// Changes under the right digest, and what the refusal names: the author of a checkpoint makes its
/// digest too.
TEST(TrainerState, AValueThatNoRunHasIsRefused) {
  using Json = nlohmann::ordered_json;
  struct Case {
    Json::json_pointer at;
    Json value;
    std::string named;
  };
  constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();
  const std::vector<Case> cases = {
      {"/step"_json_pointer, kLargest, "step is 18446744073709551615"},
      {"/cursors/train"_json_pointer, kLargest, "train is 18446744073709551615"},
      {"/cursors/train"_json_pointer, (std::uint64_t{1} << 62) + 1, "train is 46116860184"},
      {"/cursors/train"_json_pointer, -1, "train is -1"},
      {"/cursors/train"_json_pointer, "5", "train is string"},
      {"/best_step"_json_pointer, kLargest, "best_step"},
      {"/epoch_steps"_json_pointer, {{1, 7}, {2, 7}}, "epoch_steps do not ascend at epoch 2"},
      {"/epoch_steps"_json_pointer, {{2, 7}, {2, 8}}, "epoch_steps do not ascend at epoch 2"},
      {"/stage_log"_json_pointer, {{1, 0}}, "stage 0 from sample 1"},
      {"/stage_log"_json_pointer, {{0, 0}, {5, 1}, {5, 2}}, "stage 2 from sample 5"},
      {"/stage_log"_json_pointer, {{0, 4}}, "names stage 4, and its stream has 4 stages"},
      {"/loss_scale"_json_pointer, 0.0, "loss_scale"},
      {"/loss_scale"_json_pointer, 1e308, "loss_scale"},
      {"/run_id"_json_pointer, "/home/user/thesis", "run_id is not 16 lower-case hex digits"},
      {"/run_id"_json_pointer, "", "run_id is not 16 lower-case hex digits"},
      {"/run_id"_json_pointer, "..", "run_id is not 16 lower-case hex digits"},
      {"/fingerprint"_json_pointer, "0123456789abcdef", "fingerprint is not that of its meta"},
      {"/files"_json_pointer, {{"../../etc/passwd", Json::object()}}, "a name in its files"},
      {"/files"_json_pointer, {{".", Json::object()}}, "a name in its files"},
      {"/meta/vocab_size"_json_pointer, 4000000000, "the vocabulary names 64 of 4000000000 tokens"},
      {"/meta/mask_token_id"_json_pointer, 64, "[MASK] is token 64 of 64 tokens"},
      {"/meta/ignore_index"_json_pointer, "2", "ignore_index 2 is one of 64 tokens"},
      {"/meta/block_size"_json_pointer, 0, "block_size is 0"},
      {"/meta/block_size"_json_pointer, 4000000000, "block_size is 4000000000"},
      {"/meta/val_stages"_json_pointer, Json::array(), "a split has 0 stages"},
      {"/meta/sizes"_json_pointer, {"0", "1", "1"}, "the train split is empty"},
      {"/meta/epoch_samples"_json_pointer, "0", "an epoch without samples"},
  };
  for (const Case& each : cases) {
    const std::string text = sealed_after([&](Json& json) { json[each.at] = each.value; });
    const std::string refusal =
        testing::message_of<std::runtime_error>([&] { (void)trainer_state_from_json(text); });
    EXPECT_TRUE(contains(refusal, each.named)) << each.at << ": " << refusal;
    EXPECT_TRUE(refusal.starts_with("trainer.json cannot be used: ")) << refusal;
  }
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
      reports[0].find("step-00000030 is not whole: model.safetensors has 1 bytes instead of 8"),
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
  remove_old_checkpoints(out, 2, {{kBestLink, 2}}, some_state(1).run_id);
  EXPECT_EQ(checkpoint_steps(out), (std::vector<std::uint64_t>{2, 4, 5}));
  EXPECT_EQ(fs::read_symlink(out / "best"), "step-00000002");
  EXPECT_EQ(fs::read_symlink(out / "latest"), "step-00000005");
  remove_old_checkpoints(out, 10, {}, some_state(1).run_id);
  EXPECT_EQ(checkpoint_steps(out).size(), 3U);
}

TEST_F(CheckpointTest, KeepsThoseOfEpochs) {
  for (const std::uint64_t step : {1, 2, 3, 4, 5}) save(step);
  remove_old_checkpoints(out, 1, {{epoch_link(5), 1}, {epoch_link(10), 3}, {kBestLink, 3}},
                         some_state(1).run_id);
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

TEST_F(CheckpointTest, OnlyOurOwnTemporaryFilesAreRemoved) {
  for (const std::uint64_t step : {1, 2}) save(step);
  const std::vector<std::string> users = {".best_models",
                                          ".latest",
                                          ".final.tmp",
                                          ".step-00000003.tmp",
                                          ".step-00000003.0123-7-00000001.tmp",
                                          ".epoch-0001.notes.0123456789abcdef-7-00000001.tmp",
                                          "final_report",
                                          "step-7"};
  for (const std::string& name : users) replace_file(out / name, "mine");
  for (const char* const name : {"step-00000003", "latest", "best", "final", "epoch-0001"}) {
    fs::create_directories(temporary_name(out / name));
  }
  roll_back_to(out, 2, {});
  for (const std::string& name : users) EXPECT_EQ(read_file(out / name), "mine") << name;
  EXPECT_EQ(std::distance(fs::directory_iterator(out), fs::directory_iterator()),
            static_cast<std::ptrdiff_t>(users.size()) + 3);
}

TEST_F(CheckpointTest, ATemporaryNameSaysForWhich) {
  EXPECT_EQ(final_name_of(temporary_name(out / "a.b c").filename().string()), "a.b c");
  EXPECT_LE(temporary_name(out / std::string(NAME_MAX, 'n')).filename().string().size(), NAME_MAX);
  for (const char* const other :
       {"", ".", ".tmp", "a", ".a.tmp", ".a.0123456789abcdef-7.tmp",
        "a.0123456789abcdef-7-00000001.tmp", "..0123456789abcdef-7-00000001.tmp",
        ".a.0123456789ABCDEF-7-00000001.tmp", ".a.0123456789abcdef-x-00000001.tmp",
        ".a.0123456789abcdef-7-00000001"}) {
    EXPECT_NE(final_name_of(other), "a") << other;
  }
}

TEST_F(CheckpointTest, OtherFilesInACheckpointsFolderStay) {
  for (const std::uint64_t step : {1, 2, 3, 4}) save(step);
  for (const char* const step : {"1", "2", "4"}) {
    replace_file(out / ("step-0000000" + std::string(step)) / "notes.txt", step);
  }
  remove_old_checkpoints(out, 3, {}, some_state(1).run_id);
  EXPECT_EQ(read_file(out / "superseded-step-00000001/notes.txt"), "1") << "removed";
  EXPECT_FALSE(fs::exists(out / "superseded-step-00000001/model.safetensors"));
  save(2);
  EXPECT_EQ(read_file(out / "superseded-step-00000002/notes.txt"), "2") << "replaced";
  roll_back_to(out, 3, {});
  EXPECT_EQ(read_file(out / "superseded-step-00000004/notes.txt"), "4") << "gone back from";
  for (int again = 0; again < 2; ++again) {
    save(4);
    roll_back_to(out, 3, {});
  }
  EXPECT_EQ(read_file(out / "superseded-step-00000004/notes.txt"), "4");
  EXPECT_TRUE(fs::exists(out / "superseded-step-00000004.2/model.safetensors"));
  EXPECT_FALSE(fs::exists(out / "superseded-step-00000004.3"));
  EXPECT_EQ(newest(), 3U);
}

TEST_F(CheckpointTest, OnlyFoldersOfTheRunAreRemoved) {
  for (const std::uint64_t step : {1, 2, 3, 4, 5}) save(step);
  fs::remove(out / "step-00000001/trainer.json");
  TrainerState other = some_state(2);
  other.run_id = "fedcba9876543210";
  replace_file(out / "step-00000002/trainer.json", to_json(other));
  remove_old_checkpoints(out, 1, {}, some_state(1).run_id);
  EXPECT_EQ(checkpoint_steps(out), (std::vector<std::uint64_t>{1, 2, 5}));
  EXPECT_TRUE(fs::exists(out / "step-00000001/model.safetensors")) << "another program's";
  EXPECT_TRUE(fs::exists(out / "step-00000002/model.safetensors")) << "another run's";
}

TEST_F(CheckpointTest, AFileThatIsNotListedIsNotRead) {
  save(5);
  replace_file(out / "step-00000005/ema.safetensors", "a model");
  EXPECT_EQ(damage(5), "ema.safetensors is none of the files that trainer.json lists");
}

TEST_F(CheckpointTest, ALinkThatLeadsElsewhereCountsAsLost) {
  for (const std::uint64_t step : {6, 7}) save(step);
  fs::rename(out / "step-00000006", folder / "step-00000006");
  fs::create_directory_symlink(folder / "step-00000006", out / "best");
  EXPECT_EQ(linked_checkpoint(out, kBestLink), out / "step-00000007") << "as trainer.json says";
}

TEST_F(CheckpointTest, ALinkedCheckpointStays) {
  for (const std::uint64_t step : {1, 2}) save(step);
  fs::rename(out / "step-00000001", folder / "archived");
  fs::create_directory_symlink(folder / "archived", out / "step-00000001");
  remove_old_checkpoints(out, 1, {}, some_state(1).run_id);
  EXPECT_EQ(checkpoint_steps(out), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_TRUE(fs::exists(folder / "archived/model.safetensors"));
}

TEST_F(CheckpointTest, ANameOfOursThatSomebodyElseUsesIsNamedAndNotReplaced) {
  save(1);
  EXPECT_EQ(name_in_the_way(out), std::nullopt);
  EXPECT_EQ(name_in_the_way(folder / "nowhere"), std::nullopt);
  for (const char* const name : {"best", "final", "epoch-0001"}) {
    replace_file(out / name, "mine");
    EXPECT_EQ(name_in_the_way(out), name);
    EXPECT_THROW(link_checkpoint(out, name, 1), DiskError);
    roll_back_to(out, 1, {});
    EXPECT_EQ(read_file(out / name), "mine");
    fs::remove(out / name);
  }
  ASSERT_EQ(::mkfifo((out / "best").c_str(), 0666), 0);
  EXPECT_EQ(name_in_the_way(out), "best");
  fs::remove(out / "best");
  replace_file(out / "step-00000007", "mine");
  EXPECT_EQ(name_in_the_way(out), "step-00000007");
  fs::remove(out / "step-00000007");
  fs::create_directory_symlink(folder.path(), out / "best");
  EXPECT_EQ(name_in_the_way(out), "best");
  fs::remove(out / "best");
  fs::create_directory_symlink("step-00000009", out / "best");
  EXPECT_EQ(name_in_the_way(out), std::nullopt) << "ours, whose checkpoint is gone";
}

TEST_F(CheckpointTest, OfACopyWithoutLinksAllAreFound) {
  for (const std::uint64_t step : {1, 2, 3}) save(step);
  fs::rename(out / "step-00000001", out / "step-00000307");  // named as the state's best and epoch
  for (const char* const lost : {"latest", "final"}) fs::remove(out / lost);
  EXPECT_EQ(linked_checkpoint(out, kLatestLink), out / "step-00000003");
  EXPECT_EQ(through_lost_link(out / "latest"), out / "step-00000003");
  EXPECT_EQ(through_lost_link(out / "latest/"), out / "step-00000003");
  EXPECT_EQ(through_lost_link(out / "final"), out / "final") << "nothing says whether it has ended";
  EXPECT_EQ(linked_checkpoint(out, kBestLink), std::nullopt) << "step 7 is not there";
  EXPECT_EQ(linked_checkpoint(folder / "nowhere", kBestLink), std::nullopt);
  save(7);
  EXPECT_EQ(linked_checkpoint(out, kBestLink), out / "step-00000007");
  EXPECT_EQ(through_lost_link(out / "step-00000002"), out / "step-00000002");
}

TEST_F(CheckpointTest, CopiesOfALinksCheckpointBecomeLinksAgain) {
  for (const std::uint64_t step : {1, 2}) save(step);
  const auto options = fs::copy_options::recursive;
  fs::remove(out / "latest");
  fs::copy(out / "step-00000002", out / "latest", options);
  fs::copy(out / "step-00000001", out / "best", options);
  replace_file(out / "final", "step-00000002\n");
  EXPECT_EQ(name_in_the_way(out), std::nullopt);
  roll_back_to(out, 2, {{kBestLink, 1}});
  EXPECT_EQ(fs::read_symlink(out / "latest"), "step-00000002");
  EXPECT_EQ(fs::read_symlink(out / "best"), "step-00000001");
  EXPECT_FALSE(fs::exists(out / "final"));
}

TEST_F(CheckpointTest, ACopyThatIsNotTheSameOrTheOnlyOneIsNotReplaced) {
  for (const std::uint64_t step : {1, 2}) save(step);
  const auto options = fs::copy_options::recursive;
  fs::copy(out / "step-00000001", out / "best", options);
  replace_file(out / "best/notes.txt", "mine");
  EXPECT_EQ(name_in_the_way(out), "best");
  fs::remove(out / "best/notes.txt");
  EXPECT_EQ(name_in_the_way(out), std::nullopt);
  fs::resize_file(out / "step-00000001/model.safetensors", 3);
  EXPECT_EQ(name_in_the_way(out), "best") << "the original is damaged";
  fs::remove_all(out / "step-00000001");
  EXPECT_EQ(name_in_the_way(out), "best") << "the original is gone";
}

TEST_F(CheckpointTest, TheOptimizerMayBeMissingWhereOnlyTheModelIsNeeded) {
  CheckpointWriter writer(out, 5);
  for (const char* const name : {kModelFile, kOptimizerFile, kConfigFile}) writer.write(name, name);
  writer.commit(some_state(5));
  fs::remove(out / "latest/optimizer.safetensors");
  EXPECT_NE(damage(5).find("optimizer.safetensors is missing"), std::string::npos);
  std::string reason;
  const auto use = CheckpointUse::kModel;
  EXPECT_TRUE(open_checkpoint(out / "latest", reason, real_disk(), use).has_value()) << reason;
  fs::remove(out / "latest/model.safetensors");
  EXPECT_FALSE(open_checkpoint(out / "latest", reason, real_disk(), use).has_value());
}

TEST_F(CheckpointTest, TheStepIsThatOfTheContentNotOfTheName) {
  for (const std::uint64_t step : {2, 3}) save(step);
  fs::copy(out / "step-00000002", out / "step-00000099", fs::copy_options::recursive);
  EXPECT_EQ(newest(), 3U);
  EXPECT_TRUE(reports.empty());
  fs::remove_all(out / "step-00000003");
  EXPECT_EQ(newest(), 2U);
  fs::remove_all(out / "step-00000002");
  EXPECT_EQ(newest(), 2U) << "under the wrong name";
  roll_back_to(out, 2, {});
  EXPECT_EQ(checkpoint_steps(out), (std::vector<std::uint64_t>{2})) << "it has its own name now";
  EXPECT_EQ(newest(), 2U);
}

TEST_F(CheckpointTest, OfTwoFoldersOfOneStepTheOtherIsSetAside) {
  for (const std::uint64_t step : {2, 3}) save(step);
  fs::copy(out / "step-00000002", out / "step-00000001", fs::copy_options::recursive);
  roll_back_to(out, 3, {});
  EXPECT_EQ(checkpoint_steps(out), (std::vector<std::uint64_t>{2, 3}));
  EXPECT_TRUE(fs::exists(out / "superseded-step-00000001/model.safetensors"));
  fs::rename(out / "step-00000003", out / "step-00000099");
  fs::create_directories(out / "step-00000003");
  roll_back_to(out, 3, {});
  EXPECT_EQ(newest(), 3U) << "a complete one takes the place of one that is not";
}

TEST_F(CheckpointTest, AFileThatCannotBeWrittenIsNamedAsItWillBeCalled) {
  testing::FakeDisk disk;
  CheckpointWriter writer("out", 5, disk);
  disk.set_room(disk.used_bytes() + 3);
  EXPECT_EQ(testing::message_of<DiskError>([&] { writer.write(kModelFile, "model"); }),
            "out/step-00000005/model.safetensors: cannot write: No space left on device");
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
