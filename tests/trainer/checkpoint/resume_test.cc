// What a run starts from.
#include "trainer/checkpoint/resume.h"

#include <gtest/gtest.h>

#include <functional>

#include "config/errors.h"
#include "config/recipe.h"
#include "proto/files.h"
#include "tests/support/masked_stream.h"
#include "tests/support/temporary_folder.h"

namespace millrace::trainer {
namespace {

namespace fs = std::filesystem;

struct ResumeTest : ::testing::Test {
  ResumeTest() { options.train.out_dir = (folder / "out").string(); }

  void save(std::uint64_t step, const config::Options& saved_options) {
    proto::TrainerState state;
    state.step = step;
    state.run_id = "0123456789abcdef";
    state.meta = testing::masked_meta();
    proto::CheckpointWriter writer(saved_options.train.out_dir, step);
    writer.write(proto::kModelFile, "tensors of step " + std::to_string(step));
    writer.write(proto::kConfigFile, config::to_toml(saved_options));
    writer.commit(state);
  }
  void save(std::uint64_t step) { save(step, options); }

  static std::string refusal(const std::function<void()>& action) {
    try {
      action();
    } catch (const config::UsageError& error) {
      return error.what();
    }
    ADD_FAILURE() << "nothing was refused";
    return {};
  }
  [[nodiscard]] std::string refusal(const ResumeRequest& request) const {
    return refusal([&] { (void)find_start(options, request); });
  }

  testing::TemporaryFolder folder;
  config::Options options = config::default_options();
};

using Contains = std::string;
void expect_contains(const std::string& text, const Contains& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(ResumeRequest, ReadsTheFlag) {
  EXPECT_EQ(resume_request(false, std::nullopt).how, Resume::kNo);
  EXPECT_EQ(resume_request(true, std::nullopt).how, Resume::kNewest);
  EXPECT_EQ(resume_request(true, "auto").how, Resume::kAuto);
  EXPECT_EQ(resume_request(true, "out/step-00000010").folder, "out/step-00000010");
}

TEST_F(ResumeTest, APlainStartRefusesAFolderThatHoldsCheckpoints) {
  EXPECT_FALSE(find_start(options, {}).has_value());
  save(10);
  const std::string text = refusal(ResumeRequest{});
  expect_contains(text, "already holds checkpoints");
  expect_contains(text, "--resume=auto");
}

TEST_F(ResumeTest, ResumesFromTheNewestCheckpoint) {
  save(10), save(20);
  EXPECT_EQ(find_start(options, {Resume::kNewest, {}})->state.step, 20U);
  EXPECT_EQ(find_start(options, {Resume::kAuto, {}})->state.step, 20U);
  EXPECT_EQ(
      find_start(options, {Resume::kFolder, (folder / "out/step-00000010").string()})->state.step,
      10U);
  EXPECT_EQ(find_start(options, {Resume::kFolder, (folder / "out").string()})->state.step, 20U);
}

TEST_F(ResumeTest, WithoutACheckpointOnlyAutoStartsAnew) {
  EXPECT_FALSE(find_start(options, {Resume::kAuto, {}}).has_value());
  expect_contains(refusal({Resume::kNewest, {}}), "there is no checkpoint");
  expect_contains(refusal({Resume::kFolder, (folder / "nowhere").string()}),
                  "nowhere cannot be used");
}

TEST_F(ResumeTest, SkipsADamagedCheckpoint) {
  save(10), save(20);
  fs::resize_file(folder / "out/step-00000020/model.safetensors", 3);
  EXPECT_EQ(find_start(options, {Resume::kNewest, {}})->state.step, 10U);
  fs::remove(folder / "out/step-00000010/trainer.json");
  const std::string text = refusal({Resume::kAuto, {}});
  expect_contains(text, "is whole");
  expect_contains(text, "model.safetensors has 3 bytes");
  expect_contains(text, "step-00000010/trainer.json: cannot read");
}

TEST_F(ResumeTest, NamesAFileThatIsInTheWay) {
  proto::make_folders(folder / "out", proto::real_disk());
  proto::replace_file(folder / "out/best", "mine");
  for (const Resume how : {Resume::kNo, Resume::kAuto}) {
    expect_contains(refusal({how, {}}), "out/best is not of a run");
  }
}

TEST_F(ResumeTest, AMissingLatestLinkMeansTheNewestCheckpoint) {
  save(10), save(20);
  fs::remove(folder / "out/latest");
  const ResumeRequest request{Resume::kFolder, (folder / "out/latest").string()};
  EXPECT_EQ(find_start(options, request)->state.step, 20U);
}

TEST_F(ResumeTest, RefusesOtherStreamModelOrOptimizerSettingsWithBothValues) {
  config::Options before = options;
  before.model.n_layer = 3, before.provider.block_size = 77, before.train.beta2 = 0.5;
  save(10, before);
  const std::string text = refusal({Resume::kNewest, {}});
  expect_contains(text, "model.n_layer is 8 now and 3 in the checkpoint (it shapes the model)");
  expect_contains(text, "provider.block_size is 1024 now and 77");
  expect_contains(text, "train.beta2 is 0.99 now and 0.5");
}

TEST_F(ResumeTest, TheRunsLengthMayChange) {
  config::Options before = options;
  before.train.max_iters = 3, before.train.log_interval = 7, before.train.checkpoint_interval = 11;
  save(10, before);
  EXPECT_TRUE(find_start(options, {Resume::kNewest, {}}).has_value());
}

TEST_F(ResumeTest, ACheckpointOfAnotherFolderStartsANewFolderOnly) {
  config::Options other = options;
  other.train.out_dir = (folder / "other").string();
  save(10, other);
  const ResumeRequest request{Resume::kFolder, (folder / "other/step-00000010").string()};
  EXPECT_TRUE(find_start(options, request).has_value());
  save(5);
  expect_contains(refusal(request), "holds checkpoints of its own");
}

}  // namespace
}  // namespace millrace::trainer
