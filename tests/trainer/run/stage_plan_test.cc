// When the schedules steps and plateau change stages.
#include "trainer/run/stage_plan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "config/recipe.h"
#include "tests/support/complaint.h"
#include "tests/support/masked_stream.h"

namespace millrace::trainer {
namespace {

constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();
constexpr std::uint64_t kGlobalBatch = 12;

config::Options recipe(const std::string& schedule, const std::string& stages) {
  return config::default_options({{"schedule", schedule},
                                  {"stages", stages},
                                  {"batch_size", "6"},
                                  {"gradient_accumulation_steps", "2"}});
}

/// Stages of these stale counts, and a last one that has none.
config::Options plateau(const std::vector<int>& counts) {
  std::string stages = "[";
  for (const int count : counts) {
    stages += "{type='span', spans_count=1, val_loss_stale_count=" + std::to_string(count) + "}, ";
  }
  return recipe("plateau", stages + "{type='span', spans_count=1}]");
}

proto::TrainerState new_run(const config::Options& options) {
  proto::TrainerState state;
  state.stage_log = first_stage_log(options);
  return state;
}

/// One step and an evaluation for each loss; the stages of the steps.
std::vector<int> stages_of_steps(const config::Options& options, const std::vector<double>& losses,
                                 proto::TrainerState& state) {
  std::vector<int> stages;
  for (const double loss : losses) {
    stages.push_back(proto::stage_at(state.stage_log, state.cursor).value());
    ++state.step;
    state.cursor += kGlobalBatch;
    const std::size_t entries = state.stage_log.size();
    const bool moved = count_evaluation(options.provider, loss, state);
    EXPECT_EQ(moved, state.stage_log.size() > entries);
  }
  return stages;
}

std::vector<int> stages_of_steps(const config::Options& options,
                                 const std::vector<double>& losses) {
  proto::TrainerState state = new_run(options);
  return stages_of_steps(options, losses, state);
}

using Stages = std::vector<int>;

TEST(StagePlan, WithoutNamedStagesTheLogIsEmpty) {
  EXPECT_TRUE(first_stage_log(config::default_options()).empty());
  const config::Options mix = recipe("mix", "[{type='span', spans_count=1}]");
  proto::TrainerState state = new_run(mix);
  EXPECT_TRUE(state.stage_log.empty());
  EXPECT_FALSE(count_evaluation(mix.provider, 1.0, state));
  EXPECT_EQ(state, new_run(mix));
}

TEST(StagePlan, TheLogOfStepsIsKnownAtTheStart) {
  const config::Options options = recipe(
      "steps",
      "[{type='span', spans_count=1, from_step=0}, {type='span', spans_count=2, from_step=3}]");
  EXPECT_EQ(first_stage_log(options), (proto::StageLog{{0, 0}, {3 * kGlobalBatch, 1}}));
  EXPECT_EQ(stages_of_steps(options, {1, 2, 3, 4, kNotANumber}), (Stages{0, 0, 0, 1, 1}))
      << "no loss moves them";
}

TEST(StagePlan, TheLargestFromStepDoesNotOverflow) {
  const config::Options options =
      config::default_options({{"schedule", "steps"},
                               {"stages",
                                "[{type='span', spans_count=1, from_step=0}, {type='span', "
                                "spans_count=1, from_step=1000000000000}]"},
                               {"batch_size", "65536"},
                               {"gradient_accumulation_steps", "256"}});
  EXPECT_EQ(first_stage_log(options).back().first_index, 1'000'000'000'000ULL << 24);
}

TEST(StagePlan, PlateauAdvancesAfterTheStaleCount) {
  EXPECT_EQ(stages_of_steps(plateau({2}), {5, 6, 6, 6, 6}), (Stages{0, 0, 0, 1, 1}));
  EXPECT_EQ(stages_of_steps(plateau({1, 1}), {5, 5, 5, 5, 5}), (Stages{0, 0, 1, 1, 2}))
      << "equal is no improvement";
}

TEST(StagePlan, AnImprovementResetsTheStaleCount) {
  EXPECT_EQ(stages_of_steps(plateau({2}), {5, 6, 4, 5, 3, 4, 4, 0}),
            (Stages{0, 0, 0, 0, 0, 0, 0, 1}));
}

TEST(StagePlan, EachStageHasItsOwnBestLoss) {
  EXPECT_EQ(stages_of_steps(plateau({1, 1}), {1, 2, 9, 8, 7, 8, 1}), (Stages{0, 0, 1, 1, 1, 1, 2}));
}

TEST(StagePlan, ALossThatIsNotFiniteIsNoImprovement) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(stages_of_steps(plateau({2}), {kNotANumber, kInfinity, 1}), (Stages{0, 0, 1}));
  EXPECT_EQ(stages_of_steps(plateau({2}), {5, kNotANumber, -kInfinity, 1}), (Stages{0, 0, 0, 1}));
  EXPECT_TRUE(improves(1.0, std::nullopt));
  EXPECT_FALSE(improves(kNotANumber, std::nullopt));
}

TEST(StagePlan, TheLastStageNeverEnds) {
  EXPECT_EQ(stages_of_steps(plateau({1}), {1, 1, 1, 1, 1, 1, 1}), (Stages{0, 0, 1, 1, 1, 1, 1}));
  EXPECT_EQ(stages_of_steps(plateau({}), {1, 1, 1}), (Stages{0, 0, 0}));
}

TEST(StagePlan, AResumedRunHasTheSameStages) {
  const config::Options options = plateau({2, 3, 1});
  const std::vector<double> losses{5, 6, 4, 4, 4, 3, kNotANumber, 3, 2, 2, 2, 2, 9, 9, 9};
  proto::TrainerState whole = new_run(options);
  const Stages expected = stages_of_steps(options, losses, whole);
  EXPECT_EQ(expected.back(), 3);
  for (std::size_t cut = 0; cut <= losses.size(); ++cut) {
    const auto middle = losses.begin() + static_cast<std::ptrdiff_t>(cut);
    proto::TrainerState before = new_run(options);
    Stages stages = stages_of_steps(options, {losses.begin(), middle}, before);
    before.run_id = "0123456789abcdef";
    before.meta = testing::masked_meta();
    before.meta.train_stages = {"a", "b", "c", "d"};
    proto::TrainerState after = proto::trainer_state_from_json(proto::to_json(before));
    const Stages rest = stages_of_steps(options, {middle, losses.end()}, after);
    stages.insert(stages.end(), rest.begin(), rest.end());
    EXPECT_EQ(stages, expected) << "stopped after " << cut;
    EXPECT_EQ(after.stage_log, whole.stage_log);
    EXPECT_EQ(after.plateau, whole.plateau);
  }
}

TEST(StagePlan, AStageLogOfAnotherScheduleIsRefused) {
  const auto refusal = [](const config::Options& options, const proto::StageLog& log) {
    proto::Checkpoint checkpoint{"out/step-00000020", {}};
    checkpoint.state.stage_log = log;
    return testing::complaint([&] { check_stage_log(options, checkpoint); });
  };
  const config::Options three = plateau({2, 3});
  const proto::StageLog both{{0, 0}, {24, 1}};
  EXPECT_EQ(refusal(three, {{0, 0}}), "none");
  EXPECT_EQ(refusal(three, {{0, 0}, {24, 1}, {60, 2}}), "none");
  for (const proto::StageLog& log :
       {proto::StageLog{}, proto::StageLog{{0, 1}}, proto::StageLog{{0, 0}, {24, 2}},
        proto::StageLog{{0, 0}, {24, 1}, {36, 2}, {48, 3}}}) {
    EXPECT_TRUE(refusal(three, log).starts_with("cannot resume out/step-00000020: ")) << log.size();
  }
  const config::Options steps =
      recipe("steps",
             "[{type='span', spans_count=1, from_step=0}, {type='span', spans_count=2, "
             "from_step=2}]");
  EXPECT_EQ(refusal(steps, both), "none");
  EXPECT_NE(refusal(steps, {{0, 0}, {12, 1}}), "none") << "from another step on";
  EXPECT_NE(refusal(steps, {}), "none");
  EXPECT_NE(refusal(config::default_options(), both), "none") << "stages are of the function";
}

TEST(StagePlan, TheLinesNameStageAndReason) {
  EXPECT_EQ(why_left(plateau({1, 6}).provider, 0), "val loss has not improved for 1 evaluation");
  EXPECT_EQ(why_left(plateau({1, 6}).provider, 1), "val loss has not improved for 6 evaluations");
  proto::StreamMeta meta;
  meta.train_stages = {"random(max_masked_ratio=0.5)", "span(spans_count=20)"};
  EXPECT_EQ(stage_line(meta, 1, 501), "stage 1 (2 of 2: span(spans_count=20)) from step 501 on");
}

/// What a checkpoint holds of the stream's state, as the file writes it.
std::size_t stream_state_bytes(const proto::TrainerState& state) {
  const auto all = nlohmann::ordered_json::parse(proto::to_json(state));
  nlohmann::ordered_json part;
  for (const char* const key :
       {"cursors", "stage_log", "plateau", "evaluation_due", "fingerprint"}) {
    part[key] = all.at(key);
  }
  return part.dump(2).size();
}

TEST(StagePlan, TheCheckpointedStreamStateIsSmall) {
  config::Options options = config::load_recipe(MILLRACE_SOURCE_DIR "/config/char_diffusion.toml",
                                                {{"schedule", "plateau"}});
  proto::TrainerState state = new_run(options);
  state.cursor = 1'000'000'000'000'000;
  while (state.stage_log.size() < options.provider.stages.size()) {
    state.cursor += config::default_options().train.batch_size;
    (void)count_evaluation(options.provider, 1.0 / 3.0 + 1e-3, state);
  }
  state.plateau = {.best_val_loss = 1.0 / 3.0, .stale_count = 1'000'000};
  state.meta = testing::masked_meta();
  EXPECT_EQ(state.stage_log.size(), 9U);
  EXPECT_LE(stream_state_bytes(state), 1024U);
}

}  // namespace
}  // namespace millrace::trainer
