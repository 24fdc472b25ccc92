// The program `inspect` on a small text, and on a queue that `prepare` has filled from it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "config/recipe.h"
#include "proto/checkpoint.h"
#include "proto/chunk_file.h"
#include "proto/digest.h"
#include "proto/safetensors.h"
#include "providers/registry.h"
#include "tests/support/messages.h"
#include "tests/support/run_program.h"
#include "tests/support/sample_stream.h"
#include "tests/support/temporary_folder.h"

namespace millrace::tools {
namespace {

using testing::contains;
using testing::Ran;
namespace fs = std::filesystem;

std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

class Inspect : public ::testing::Test {
 protected:
  Inspect() {
    std::ofstream text(folder_ / "text.txt");
    for (int i = 0; i < 400; ++i) text << "line " << i * 7919 << " of a small text\n";
    std::ofstream(recipe())
        << "[data]\npath = " << folder_ / "text.txt"
        << "\n[provider]\nblock_size = 32\n"
        << "schedule = \"mix\"\nstages = [{type = \"random\", max_masked_ratio = 0.5}, "
        << "{type = \"span\", spans_count = 2}]\n";
  }

  [[nodiscard]] std::string recipe() const { return folder_ / "r.toml"; }
  [[nodiscard]] std::string queue() const { return folder_ / "queue"; }

  static Ran inspect(std::vector<std::string> words) {
    words.insert(words.begin(), std::string(MILLRACE_BIN) + "/inspect");
    return testing::run_program(words);
  }
  // Fills the queue, and returns the folder of its only stream.
  [[nodiscard]] fs::path prepare() const {
    const std::string program = std::string(MILLRACE_BIN) + "/prepare";
    const Ran ran =
        testing::run_program({program, recipe(), "--samples=64", "--queue.uri=file://" + queue()});
    EXPECT_EQ(ran.status, 0) << ran.err;
    return fs::directory_iterator(queue())->path();
  }

  testing::TemporaryFolder folder_;
};

TEST_F(Inspect, SavesTheVocabularyForAnotherText) {
  const std::string file = folder_ / "vocab.json";
  const Ran saved = inspect({"stream", recipe(), "--save-vocabulary=" + file});
  EXPECT_EQ(saved.status, 0) << saved.err;
  EXPECT_EQ(saved.out, "");
  for (const std::string flag : {"--count=3", "--digest"}) {
    const Ran beside = inspect({"stream", recipe(), "--save-vocabulary=" + file, flag});
    EXPECT_EQ(beside.status, 2);
    EXPECT_TRUE(contains(beside.err, " does not go with --save-vocabulary"));
  }
  std::ifstream in(file);
  const auto vocabulary = nlohmann::json::parse(in);
  EXPECT_EQ(vocabulary.at("\n"), 0);
  EXPECT_FALSE(vocabulary.contains("[MASK]"));
  const std::vector<std::string> digests{"stream", recipe(), "--digest", "--count=20"};
  std::vector<std::string> with = digests;
  with.push_back("--data.vocabulary=" + file);
  EXPECT_EQ(inspect(with).out, inspect(digests).out);
  std::ofstream(folder_ / "text.txt", std::ios::app) << "\u00e9\n";
  const Ran refused = inspect(with);
  EXPECT_EQ(refused.status, 1);
  EXPECT_TRUE(contains(refused.err, "the first is '\u00e9' (U+00E9) at byte offset"));
}

TEST_F(Inspect, StreamDigestsAreThoseOfTheFunction) {
  const auto provider = providers::make_provider(config::load_recipe(recipe()));
  const proto::Batch batch =
      providers::fill_batch(*provider, {proto::Split::kTrain, 60, 70, std::nullopt});
  std::string expected;
  for (std::uint32_t row = 0; row < 70; ++row) {
    expected += "train " + std::to_string(60 + row) + " " +
                std::to_string(batch.values<std::uint8_t>(2)[row]) + " " +
                proto::hex16(proto::sample_digest(provider->meta().schema, batch, row)) + "\n";
  }
  const Ran ran = inspect({"stream", recipe(), "--first", "60", "--count=70", "--digest"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, expected);
}

TEST_F(Inspect, StreamDigestsAsJsonSayTheSame) {
  const std::string text = inspect({"stream", recipe(), "--digest", "--split=val"}).out;
  const auto lines =
      json_lines(inspect({"stream", recipe(), "--digest", "--split=val", "--json"}).out);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(text, "val 0 " + std::to_string(lines[0]["stage"].get<int>()) + " " +
                      lines[0]["digest"].get<std::string>() + "\n");
}

TEST_F(Inspect, StreamShowsTheTextAndWhatWasDoneToIt) {
  const Ran ran = inspect({"stream", recipe(), "--count=2"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  for (const char* part : {"provider char_diffusion", "  original line ", "░", "train 1, stage ",
                           "marks: m masked", "span(spans_count=2)"}) {
    EXPECT_TRUE(contains(ran.out, part));
  }
  EXPECT_EQ(ran.out.find('\x1b'), std::string::npos) << "colours are for terminals";
}

TEST_F(Inspect, StreamSaysHowManySamplesAnEpochHas) {
  const std::string samples = std::to_string(
      providers::make_provider(config::load_recipe(recipe()))->meta().epoch_samples.value());
  EXPECT_TRUE(contains(inspect({"stream", recipe()}).out,
                       "train endless, " + samples + " samples an epoch; val "));
  EXPECT_EQ(json_lines(inspect({"stream", recipe(), "--json"}).out).at(0)["epoch_samples"],
            samples);
  EXPECT_TRUE(
      contains(inspect({"stream", recipe(), "--provider.name=synthetic", "--schedule=none"}).out,
               "train endless; val "));
}

TEST_F(Inspect, StreamAsJsonHoldsMetaAndSamples) {
  const auto lines = json_lines(inspect({"stream", recipe(), "--count=3", "--json"}).out);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0]["provider"], "char_diffusion");
  EXPECT_EQ(lines[3]["index"], 2);
  EXPECT_TRUE(contains(lines[3]["original"].get<std::string>(), "of a small text\n"));
}

TEST_F(Inspect, StreamTakesOverrides) {
  const Ran ran = inspect({"stream", recipe(), "--block_size=16", "--schedule=none", "--count=1"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_TRUE(contains(ran.out, "16 a sample"));
}

TEST_F(Inspect, StreamShowsTheTimeOfANoisedSample) {
  const std::vector<std::string> d3pm{"stream",          recipe(),         "--provider.name=d3pm",
                                      "--schedule=none", "--timesteps=10", "--count=3",
                                      "--json"};
  const auto steps = json_lines(inspect(d3pm).out);
  ASSERT_EQ(steps.size(), 4u);
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_GE(steps[i]["time"].get<int>(), 1);
    EXPECT_LE(steps[i]["time"].get<int>(), 10);
  }
  const auto times = json_lines(
      inspect({"stream", recipe(), "--provider.name=sedd", "--schedule=none", "--json"}).out);
  EXPECT_GT(times.at(1)["time"].get<double>(), 0.0);
  EXPECT_LE(times.at(1)["time"].get<double>(), 1.0);
  EXPECT_TRUE(contains(inspect({"stream", recipe(), "--provider.name=sedd", "--schedule=none"}).out,
                       ", time 0."));
  EXPECT_FALSE(contains(inspect({"stream", recipe()}).out, ", time "));
}

TEST_F(Inspect, StreamRefusesWhatItCannotShow) {
  const auto refusal = [&](const std::vector<std::string>& flags, int status) {
    std::vector<std::string> words = {"stream", recipe()};
    words.insert(words.end(), flags.begin(), flags.end());
    const Ran ran = inspect(words);
    EXPECT_EQ(ran.status, status) << ran.err;
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(std::ranges::count(ran.err, '\n'), 1) << ran.err;
    return ran.err;
  };
  EXPECT_TRUE(contains(refusal({"--split=dev"}, 2), "--split=dev: expected train, val or test"));
  EXPECT_TRUE(contains(refusal({"--split=test"}, 1), "dataset text.txt has no test split"));
  EXPECT_TRUE(contains(refusal({"--split=val", "--first=1000000"}, 2),
                       "sample 1000000 was asked for; the last one of val is "));
  EXPECT_TRUE(contains(refusal({"--stage=1"}, 2),
                       "--stage: the stage of these samples is part of the stream's function"));
  EXPECT_TRUE(contains(refusal({"--count=0"}, 2), "--count=0: expected a whole number from 1"));
  EXPECT_TRUE(contains(refusal({"--path=/none"}, 1), "/none"));
}

TEST_F(Inspect, QueueSaysWhatLiesReady) {
  const fs::path stream = prepare();
  const Ran ran = inspect({"queue", queue()});
  EXPECT_EQ(ran.status, 0) << ran.err;
  for (const std::string& part :
       {"stream " + stream.filename().string(), std::string("; samples 0 to "),
        std::string("no run has asked for it")}) {
    EXPECT_TRUE(contains(ran.out, part));
  }
  const auto lines = json_lines(inspect({"queue", queue(), "--json"}).out);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["fingerprint"], stream.filename().string());
  EXPECT_EQ(lines[0]["splits"][0]["ready"][0]["first"], 0);
  EXPECT_TRUE(lines[0]["splits"][0]["damaged"].empty());
}

TEST_F(Inspect, QueueFindsDamage) {
  const fs::path chunk = prepare() / "train" / proto::chunk_name(0);
  fs::resize_file(chunk, fs::file_size(chunk) - 1);
  EXPECT_TRUE(
      contains(inspect({"queue", queue()}).out, "damaged: " + chunk.filename().string() + ": "));
  const auto lines = json_lines(inspect({"queue", queue(), "--json"}).out);
  EXPECT_EQ(lines.at(0)["splits"][0]["damaged"].size(), 1u);
}

TEST_F(Inspect, QueueRefusesAFolderThatIsNotThere) {
  const Ran ran = inspect({"queue", queue()});
  EXPECT_EQ(ran.status, 1);
  EXPECT_TRUE(contains(ran.err, "no such folder"));
}

TEST_F(Inspect, BatchShowsTheSamplesOfTheStream) {
  const std::string chunk = prepare() / "train" / proto::chunk_name(0);
  const auto of_file =
      json_lines(inspect({"batch", chunk, "--first=5", "--count=2", "--json"}).out);
  const auto of_stream =
      json_lines(inspect({"stream", recipe(), "--first=5", "--count=2", "--json"}).out);
  ASSERT_EQ(of_file.size(), 3u);
  EXPECT_EQ(of_file[1], of_stream.at(1));
  EXPECT_EQ(of_file[2], of_stream.at(2));
  EXPECT_TRUE(contains(inspect({"batch", chunk}).out, "whole, all checksums match"));
}

TEST_F(Inspect, BatchWithoutItsMetaIsStillDescribed) {
  const fs::path chunk = prepare() / "train" / proto::chunk_name(0);
  const fs::path moved = folder_ / "alone.chunk";
  fs::rename(chunk, moved);
  const Ran ran = inspect({"batch", moved});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_TRUE(contains(ran.out, "no text: the stream's meta.json does not lie"));
}

TEST_F(Inspect, BatchRefusesADamagedFile) {
  const fs::path chunk = prepare() / "train" / proto::chunk_name(0);
  std::fstream file(chunk, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-1, std::ios::end);
  file.put('\x7f');
  file.close();
  const Ran ran = inspect({"batch", chunk});
  EXPECT_EQ(ran.status, 1);
  EXPECT_TRUE(contains(ran.err, chunk.string() + ": "));
}

class InspectCheckpoint : public Inspect {
 protected:
  // A checkpoint as the trainer writes it, with a model of one tensor.
  void write_checkpoint(std::uint64_t step) const {
    const std::array<float, 6> values{};
    const proto::NamedTensor tensor{
        "w", proto::TensorType::kF32, {2, 3}, std::as_bytes(std::span(values))};
    proto::CheckpointWriter writer(folder_.path(), step);
    for (const char* name : {proto::kModelFile, proto::kOptimizerFile}) {
      writer.write(name, proto::SafetensorsPieces({&tensor, 1}).pieces());
    }
    writer.write(proto::kConfigFile, config::to_toml({}));
    proto::TrainerState state;
    state.step = step;
    state.cursor = 32 * step;
    state.run_id = "00000000000000ff";
    state.epoch_steps = {{2, 10}};
    state.meta = testing::sample_meta();
    state.meta.epoch_samples = 150;
    writer.commit(state);
  }
};

TEST_F(InspectCheckpoint, ShowsStateStreamAndTensors) {
  write_checkpoint(12);
  const std::string folder = folder_ / proto::checkpoint_name(12);
  const Ran ran = inspect({"checkpoint", folder});
  EXPECT_EQ(ran.status, 0) << ran.err;
  for (const char* part :
       {"whole, all files match", "step     12, next train sample 384, in epoch 3\n",
        "kept     step 10, the end of epoch 2", "provider sample", "w F32 [2, 3]",
        "model: 6 values in 1 tensors"}) {
    EXPECT_TRUE(contains(ran.out, part));
  }
  const auto lines = json_lines(inspect({"checkpoint", folder, "--json"}).out);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["parameters"], 6);
}

TEST_F(InspectCheckpoint, TakesTheNewestWholeOneOfARun) {
  write_checkpoint(12);
  write_checkpoint(24);
  fs::resize_file(folder_ / proto::checkpoint_name(24) / proto::kModelFile, 10);
  const Ran run = inspect({"checkpoint", folder_.path()});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_TRUE(contains(run.out, "step     12"));
  EXPECT_TRUE(contains(run.err, proto::checkpoint_name(24)));
  const Ran damaged = inspect({"checkpoint", folder_ / proto::checkpoint_name(24)});
  EXPECT_EQ(damaged.status, 1);
  EXPECT_TRUE(contains(damaged.err, "not a whole checkpoint: "));
}

TEST(InspectUsage, NamesItsSubjects) {
  const std::string program = std::string(MILLRACE_BIN) + "/inspect";
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{program}, {program, "stremm"}}) {
    const Ran ran = testing::run_program(words);
    EXPECT_EQ(ran.status, 2);
    EXPECT_TRUE(contains(ran.err, "known: stream, queue, checkpoint, batch"));
  }
  const Ran help = testing::run_program({program, "stream", "--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_TRUE(contains(help.out, "usage: inspect stream CONFIG"));
  EXPECT_EQ(testing::run_program({program, "queue", "x", "--batch_size=3"}).status, 2);
}

}  // namespace
}  // namespace millrace::tools
