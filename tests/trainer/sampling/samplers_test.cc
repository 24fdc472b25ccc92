// The registry of samplers: which one a checkpoint gets, and what it refuses.
#include "trainer/sampling/samplers.h"

#include <gtest/gtest.h>

#include <any>

#include "proto/files.h"
#include "tests/support/complaint.h"
#include "tests/support/known_texts.h"
#include "tests/support/messages.h"
#include "trainer/sampling/editing.h"
#include "trainer/sampling/sampler.h"

namespace millrace::trainer {
namespace {

using testing::complaint, testing::contains, testing::empty_input, testing::kLetterMask,
    testing::kLetters, testing::KnowingNetwork;

/// A checkpoint's recipe and stream, as far as a sampler asks for them.
struct Checkpoint {
  config::Options options;
  proto::StreamMeta meta;

  explicit Checkpoint(const std::string& objective, bool has_mask = true) {
    options.train.objective = objective;
    meta.vocab_size = kLetters + 1;
    meta.block_size = 2;
    if (has_mask) meta.mask_token_id = kLetterMask;
  }

  [[nodiscard]] std::string default_sampler() const { return find_sampler("", options, meta).name; }
  [[nodiscard]] std::unique_ptr<Sampler> sampler(const SamplingOptions& choice) const {
    return make_sampler(find_sampler(choice.sampler, options, meta), choice, options, meta);
  }
  [[nodiscard]] std::string refusal(const SamplingOptions& choice) const {
    return complaint([&] { (void)sampler(choice); });
  }
  /// The number of steps of a sampler, by its callback.
  [[nodiscard]] std::uint64_t steps(const SamplingOptions& choice) const {
    KnowingNetwork network(
        [](const NetworkInput& input) { return testing::log_posterior(input.tokens); });
    SampleRng rng(1, 0, 1);
    std::uint64_t last = 0;
    (void)sampler(choice)->sample(network, empty_input(1, 2), rng,
                                  [&](const SampleStep& step) { last = step.step; });
    return last;
  }
};

TEST(Samplers, TheDefaultIsTheFirstThatGoesWithObjectiveAndStream) {
  EXPECT_EQ(Checkpoint("sedd").default_sampler(), "analytic");
  EXPECT_EQ(Checkpoint("sedd", false).default_sampler(), "analytic");
  EXPECT_EQ(Checkpoint("cascade").default_sampler(), "analytic");
  EXPECT_EQ(Checkpoint("mdlm").default_sampler(), "ancestral");
  EXPECT_EQ(Checkpoint("d3pm_absorb").default_sampler(), "ancestral");
  EXPECT_EQ(Checkpoint("mlm").default_sampler(), "confidence");
  EXPECT_EQ(Checkpoint("mlm", false).default_sampler(), "editing");
  EXPECT_EQ(Checkpoint("ar", false).default_sampler(), "autoregressive");
}

TEST(Samplers, OneThatDoesNotGoWithTheCheckpointIsRefused) {
  EXPECT_EQ(
      Checkpoint("sedd").refusal({.sampler = "dowsing"}),
      "--sampler dowsing does not go with train.objective = \"sedd\" of this checkpoint; known: "
      "analytic, euler, ancestral, first_hitting");
  EXPECT_EQ(Checkpoint("sedd", false).refusal({.sampler = "ancestral"}),
            "--sampler ancestral does not go with train.objective = \"sedd\" of this checkpoint; "
            "known: analytic, euler");
  EXPECT_EQ(Checkpoint("mdlm", false).refusal({}),
            "train.objective = \"mdlm\" of this checkpoint, whose stream has no [MASK], has no "
            "sampler; sample another checkpoint");
}

TEST(Samplers, ScoreSamplersRefuseALogitsFilter) {
  for (const LogitsFilter& filter :
       {LogitsFilter{.temperature = 0.5}, {.top_k = 3}, {.top_p = 0.9}}) {
    EXPECT_EQ(
        Checkpoint("sedd").refusal({.sampler = "euler", .filter = filter}),
        "--temperature, --top-k and --top-p do not go with the sampler euler, which draws from "
        "scores; leave them out, or choose --sampler ancestral");
    EXPECT_TRUE(contains(Checkpoint("sedd", false).refusal({.filter = filter}),
                         "or choose --sampler ancestral where there is a [MASK]"));
    EXPECT_EQ(Checkpoint("mdlm").refusal({.filter = filter}), "none");
  }
}

TEST(Samplers, StepsAreLimitedWhereTheObjectiveHasTimesteps) {
  Checkpoint d3pm("d3pm_absorb");
  d3pm.options.provider.timesteps = 20;
  EXPECT_EQ(d3pm.refusal({.steps = 21}),
            "--steps 21 is more than the checkpoint's provider.timesteps = 20; give at most that "
            "many");
  EXPECT_EQ(d3pm.refusal({.steps = 20}), "none");
  EXPECT_EQ(d3pm.refusal({.sampler = "first_hitting", .steps = 21}), "none");
  EXPECT_EQ(d3pm.steps({}), 20U);
  EXPECT_EQ(d3pm.steps({.steps = 7}), 7U);
  EXPECT_EQ(Checkpoint("mdlm").steps({}), 65U);  // and one from the grid to text
}

TEST(Samplers, ACascadeRefusesASamplerThatChangesLengths) {
  Checkpoint stage("mlm");
  const SamplingOptions editing{.sampler = "editing"};
  EXPECT_EQ(stage.refusal(editing), "none");
  const std::string wanted =
      "--sampler editing changes a text's length, and those of a cascade's stages are fixed; "
      "choose "
      "--sampler confidence";
  stage.options.provider.name = "cascade";
  EXPECT_EQ(stage.refusal(editing), wanted);
  stage.options.provider.name = "char_diffusion";
  stage.meta.schema.fields.emplace_back().role = proto::Role::kPrefix;
  EXPECT_EQ(stage.refusal(editing), wanted);
}

TEST(Samplers, OwnFlagsGoWithTheirSamplerAlone) {
  config::Program program;
  program.flags = {{.name = "first", .placeholder = "N", .help = "help"}};
  const auto flags = with_sampler_flags(program).flags;
  EXPECT_EQ(flags.front().name, "first");
  std::size_t own = 1;
  for (const SamplerEntry& entry : samplers()) {
    for (const config::Flag& flag : entry.flags) {
      EXPECT_EQ(flags.at(own++).name, flag.name);
      const std::string wanted = "--" + flag.name + " goes with --sampler " + entry.name +
                                 " alone; choose that, or leave the flag out";
      config::Arguments arguments;
      arguments.flags[flag.name] = "0";
      EXPECT_EQ(complaint([&] { (void)read_sampler_settings(arguments); }), wanted);
      arguments.flags["sampler"] = "ancestral";
      EXPECT_EQ(complaint([&] { (void)read_sampler_settings(arguments); }), wanted);
      arguments.flags["sampler"] = entry.name;
      EXPECT_EQ(complaint([&] { (void)read_sampler_settings(arguments); }), "none");
    }
  }
  EXPECT_EQ(own, flags.size());
  EXPECT_GE(own, 13U);  // editing has twelve
}

TEST(Samplers, SettingsComeFromTheFlagsOfTheNamedSampler) {
  config::Arguments arguments;
  EXPECT_FALSE(read_sampler_settings(arguments).has_value());
  arguments.flags["sampler"] = "confidence";
  EXPECT_FALSE(read_sampler_settings(arguments).has_value()) << "it has no flags of its own";
  arguments.flags["sampler"] = "editing";
  arguments.flags["cooldown-distance"] = "9";
  EXPECT_EQ(std::any_cast<EditPlan>(read_sampler_settings(arguments)).cooldown_distance, 9U);
}

TEST(Samplers, SettingsReachTheSampler) {
  const Checkpoint mlm("mlm");
  EditPlan grows;
  grows.insert_ratio = {1.0, 1.0};
  KnowingNetwork network([](const NetworkInput& input) {
    return torch::zeros({input.tokens.size(0), input.tokens.size(1), kLetters + 1});
  });
  const auto length = [&](const std::any& settings) {
    SampleRng rng(1, 0, 1);
    return mlm.sampler({.sampler = "editing", .steps = 1, .settings = settings})
        ->sample(network, empty_input(1, 1), rng)
        .lengths[0]
        .item<std::int64_t>();
  };
  EXPECT_EQ(length({}), 1);
  EXPECT_EQ(length(grows), 2) << "up to the block size";
}

TEST(Samplers, ThePageNamesEverySamplerAndItsFlags) {
  const std::string page =
      proto::read_file(std::string(MILLRACE_SOURCE_DIR) + "/docs/how-to/sampling.md");
  for (const SamplerEntry& entry : samplers()) {
    EXPECT_NE(page.find("`" + entry.name + "`"), std::string::npos) << entry.name;
    for (const config::Flag& flag : entry.flags) {
      EXPECT_NE(page.find("`--" + flag.name + "`"), std::string::npos) << flag.name;
    }
  }
}

}  // namespace
}  // namespace millrace::trainer
