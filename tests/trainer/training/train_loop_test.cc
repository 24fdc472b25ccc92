// The training loop, waiting for each step and launching ahead of the device: both must come to the
// same, steps without a finite loss included.
#include "trainer/training/train_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include "config/recipe.h"
#include "proto/files.h"
#include "tests/support/masked_stream.h"
#include "tests/support/temporary_folder.h"

namespace millrace::trainer {
namespace {

constexpr std::uint32_t kBatch = 4;
// A time at which the weight of masked diffusion's loss, 1/t, is infinite.
constexpr float kTooNear = 1e-45F;

using Steps = std::set<std::uint64_t>;

/// The made-up stream with a time for each sample, too near to 0 in these train steps.
class TimedSource : public consumer::BatchSource {
 public:
  explicit TimedSource(Steps bad) : bad_(std::move(bad)) {
    using namespace proto;
    meta_.schema.fields.push_back({"t", WireType::kF32, LogicalType::kF32, {}, Role::kTime, false});
    meta_.fingerprint = fingerprint_of(meta_);
  }

  [[nodiscard]] const proto::StreamMeta& meta() const override { return meta_; }
  [[nodiscard]] std::optional<proto::Batch> get(proto::Split split, std::uint64_t first,
                                                std::uint32_t count,
                                                std::chrono::milliseconds) override {
    const proto::Batch masked = testing::masked_batch({split, first, count, std::nullopt});
    proto::BatchBuffer timed = proto::make_batch(meta_.schema, masked.range);
    for (std::size_t i = 0; i < masked.columns.size(); ++i) {
      std::ranges::copy(masked.columns[i].bytes, timed.view.columns[i].begin());
    }
    for (std::uint32_t row = 0; row < count; ++row) {
      timed.view.values<float>(masked.columns.size())[row] =
          split == proto::Split::kTrain && bad_.contains((first + row) / kBatch + 1) ? kTooNear
                                                                                     : 0.5F;
    }
    return timed.batch;
  }
  void advance(std::uint64_t) override {}
  void set_stage_log(const proto::StageLog&) override {}
  [[nodiscard]] std::string state() const override { return "samples that are there"; }

 private:
  proto::StreamMeta meta_ = testing::masked_meta();
  Steps bad_;
};

config::Options recipe() {
  config::Options options = config::default_options();
  options.model = {.architecture = "dit", .n_layer = 1, .n_head = 2, .n_embd = 16, .cond_dim = 8};
  config::TrainOptions& train = options.train;
  train.objective = "mdlm", train.dtype = "float32", train.device = "cpu";
  train.batch_size = kBatch, train.max_iters = 12, train.max_bad_steps = 4;
  train.eval_interval = 4, train.eval_iters = 2, train.log_interval = 1;
  train.checkpoint_interval = 2, train.keep_checkpoints = 100, train.ema = 0.9,
  train.grad_clip = 0.1;
  return options;
}

/// What a run leaves behind, by file; of lines of metrics.jsonl what is no time.
struct Left {
  std::map<std::string, std::string> files;
  std::string error;
};

std::string without_times(const std::string& lines) {
  std::istringstream all(lines);
  std::string kept;
  for (std::string line; std::getline(all, line);) {
    auto values = nlohmann::json::parse(line);
    values.erase("step_ms"), values.erase("stall_ms");
    kept += values.dump() + "\n";
  }
  return kept;
}

Left train(const Steps& bad, bool ahead) {
  const testing::TemporaryFolder folder;
  config::Options options = recipe();
  options.train.out_dir = (folder / "out").string();
  const std::string record = (folder / "record").string();
  telemetry::Monitor monitor({});
  ProcessGroup alone({}, options.train.timeout_s);
  TimedSource source(bad);
  Start start;
  start.state.run_id = "0123456789abcdef", start.state.seed = 7;
  Left left;
  try {
    train_on(options, start, source, {alone, torch::kCPU, {}, monitor, ahead}, record);
  } catch (const std::runtime_error& error) {
    left.error = error.what();
    // Whose folder is another.
    left.error.erase(std::min(left.error.size(), left.error.find("; the last good checkpoint")));
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(options.train.out_dir)) {
    const std::string name =
        std::filesystem::relative(entry.path(), options.train.out_dir).string();
    if (entry.is_symlink()) left.files[name] = std::filesystem::read_symlink(entry.path()).string();
    if (entry.is_regular_file() && entry.path().extension() == ".safetensors") {
      left.files[name] = proto::read_file(entry.path().string());
    }
  }
  left.files["metrics.jsonl"] =
      without_times(proto::read_file(options.train.out_dir + "/metrics.jsonl"));
  return left;
}

std::set<std::string> names_of(const Left& left) {
  std::set<std::string> names;
  for (const auto& [name, content] : left.files) names.insert(name);
  return names;
}

void expect_same(const Left& a, const Left& b) {
  EXPECT_EQ(a.error, b.error);
  ASSERT_EQ(names_of(a), names_of(b));
  for (const auto& [name, content] : a.files) EXPECT_TRUE(b.files.at(name) == content) << name;
}

TEST(TrainLoop, LaunchingAheadWritesTheSameFiles) {
  const Left plain = train({}, false);
  EXPECT_EQ(plain.error, "");
  EXPECT_TRUE(plain.files.contains("step-00000012/model.safetensors"));
  expect_same(plain, train({}, true));
}

TEST(TrainLoop, LaunchingAheadSkipsTheSameSteps) {
  const Left plain = train({4, 5, 6, 9}, false);
  EXPECT_EQ(plain.error, "");
  EXPECT_TRUE(plain.files.contains("step-00000007/model.safetensors"))
      << "what was due after step 4 waits for a good one";
  EXPECT_FALSE(plain.files.contains("step-00000006/model.safetensors"));
  EXPECT_FALSE(plain.files.at("metrics.jsonl") == train({}, false).files.at("metrics.jsonl"));
  expect_same(plain, train({4, 5, 6, 9}, true));
}

TEST(TrainLoop, LaunchingAheadFailsAtTheSameStep) {
  const Left too_many = train({5, 6, 7, 8}, false), at_the_end = train({12}, false);
  EXPECT_NE(
      too_many.error.find("steps 5 to 8: no finite loss and gradient (train.max_bad_steps = 4)"),
      std::string::npos);
  EXPECT_NE(
      at_the_end.error.find("step 12: no finite loss and gradient (and the run ends with them)"),
      std::string::npos);
  EXPECT_EQ(train({11}, true).error, "") << "the step before the last one is not the last one";
  EXPECT_EQ(train({5, 6, 7, 8}, true).error, too_many.error);
  expect_same(at_the_end, train({12}, true));
}

}  // namespace
}  // namespace millrace::trainer
