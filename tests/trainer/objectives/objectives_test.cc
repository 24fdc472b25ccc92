// The registry of objectives: what it makes of a recipe and a stream, and how it refuses what does
// not fit.
#include "trainer/objectives/objectives.h"

#include <gtest/gtest.h>

#include "config/errors.h"
#include "config/recipe.h"
#include "tests/support/columns.h"
#include "tests/support/masked_stream.h"

namespace millrace::trainer {
namespace {

using proto::Role;

const auto kTokens = torch::zeros({2, 3}, torch::kInt64);
const auto kTime = torch::full({2}, 0.5F);
const auto kStep = torch::ones({2}, torch::kInt64);

proto::StreamMeta meta(const std::vector<testing::Column>& more,
                       std::optional<std::uint32_t> mask) {
  std::vector<testing::Column> columns{{Role::kInput, kTokens}, {Role::kTarget, kTokens}};
  columns.insert(columns.end(), more.begin(), more.end());
  auto meta = testing::stream_of(columns).meta;
  meta.vocab_size = 4;
  meta.mask_token_id = mask;
  return meta;
}

config::Options recipe(const std::string& objective) {
  auto options = config::default_options();
  options.train.objective = objective;
  return options;
}

std::string refusal(const config::Options& options, const proto::StreamMeta& stream) {
  try {
    (void)make_objective(options, stream);
  } catch (const config::UsageError& error) {
    return error.what();
  }
  return "made";
}

TEST(Objectives, AnUnknownNameListsTheKnown) {
  EXPECT_EQ(
      refusal(recipe("clm"), testing::masked_meta()),
      "train.objective = \"clm\" is unknown; known: ar, cascade, d3pm_absorb, mdlm, mlm, sedd");
}

TEST(Objectives, AStreamThatFitsIsTaken) {
  EXPECT_EQ(refusal(recipe("mlm"), testing::masked_meta()), "made");
  EXPECT_EQ(refusal(recipe("sedd"), meta({{Role::kTime, kTime}}, 3)), "made");
  EXPECT_EQ(refusal(recipe("sedd"), meta({{Role::kTime, kTime}}, std::nullopt)), "made");
  EXPECT_EQ(refusal(recipe("mdlm"), meta({{Role::kTime, kTime}}, 3)), "made");
  EXPECT_EQ(refusal(recipe("d3pm_absorb"), meta({{Role::kTime, kStep}}, 3)), "made");
  EXPECT_EQ(refusal(recipe("cascade"), meta({{Role::kTime, kTime}, {Role::kPrefix, kTokens}}, 3)),
            "made");
  auto causal = recipe("ar");
  causal.model.architecture = "gpt2";
  EXPECT_EQ(refusal(causal, meta({}, std::nullopt)), "made");
}

TEST(Objectives, FieldsThatAreMissingAreNamed) {
  EXPECT_EQ(refusal(recipe("sedd"), meta({}, 3)),
            "train.objective = \"sedd\" needs fields that the stream of provider \"columns\" "
            "lacks: time (f32); it has input (i64), "
            "target (i64); choose provider.name = \"sedd\", or another train.objective");
  EXPECT_EQ(refusal(recipe("d3pm_absorb"), meta({{Role::kTime, kTime}}, 3)),
            "train.objective = \"d3pm_absorb\" needs fields that the stream of provider "
            "\"columns\" lacks: time (i64); it has input "
            "(i64), target (i64), time (f32); choose provider.name = \"d3pm\", or another "
            "train.objective");
  auto bare = meta({}, std::nullopt);
  bare.schema.fields.erase(bare.schema.fields.begin() + 1);
  EXPECT_NE(refusal(recipe("mdlm"), bare).find("lacks: target (i64), time (f32);"),
            std::string::npos);
  EXPECT_NE(refusal(recipe("mlm"), bare).find("lacks: target (i64);"), std::string::npos);
}

TEST(Objectives, AMaskThatIsMissingIsNamed) {
  for (const auto& [objective, time] :
       {std::pair{"mdlm", kTime}, {"cascade", kTime}, {"d3pm_absorb", kStep}}) {
    EXPECT_NE(refusal(recipe(objective), meta({{Role::kTime, time}}, std::nullopt))
                  .find("needs a [MASK] token"),
              std::string::npos)
        << objective;
  }
}

TEST(Objectives, ANetworkThatSeesTheAnswerIsRefused) {
  EXPECT_EQ(refusal(recipe("ar"), meta({}, std::nullopt)),
            "train.objective = \"ar\" with model.architecture = \"bidirectional\" would see the "
            "tokens that it is to predict; choose "
            "model.architecture = \"gpt2\"");
  auto causal = recipe("ar");
  causal.model.architecture = "gpt2";
  EXPECT_NE(refusal(causal, meta({}, 3)).find("carries noised text"), std::string::npos);
}

TEST(Objectives, WhereThereIsAPrefixTheTargetStandsBehindIt) {
  const std::vector<testing::Column> columns{{Role::kInput, kTokens},
                                             {Role::kTarget, kTokens},
                                             {Role::kTime, kTime},
                                             {Role::kPrefix, kTokens}};
  const auto objective = make_objective(recipe("mdlm"), meta({columns[2], columns[3]}, 3));
  testing::FixedNetwork network(torch::zeros({2, 6, 4}));
  (void)objective->loss(network, testing::batch_of(columns));
  EXPECT_EQ(network.asked.tokens.size(1), 6);
}

}  // namespace
}  // namespace millrace::trainer
