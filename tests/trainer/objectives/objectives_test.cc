// The registry of objectives: the objective of a recipe and a stream, the refusal of streams and
// networks that do not fit, and the lists elsewhere that name all objectives.
#include "trainer/objectives/objectives.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>

#include "config/errors.h"
#include "config/key_conditions.h"
#include "config/keys.h"
#include "config/recipe.h"
#include "proto/files.h"
#include "tests/support/columns.h"
#include "tests/support/masked_stream.h"
#include "trainer/objectives/objective.h"

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

TEST(Objectives, ThePrefixIsPutBeforeTheInput) {
  const std::vector<testing::Column> columns{{Role::kInput, kTokens},
                                             {Role::kTarget, kTokens},
                                             {Role::kTime, kTime},
                                             {Role::kPrefix, kTokens}};
  const auto objective = make_objective(recipe("mdlm"), meta({columns[2], columns[3]}, 3));
  testing::FixedNetwork network(torch::zeros({2, 6, 4}));
  (void)objective->loss(network, testing::batch_of(columns));
  EXPECT_EQ(network.asked.tokens.size(1), 6);
}

TEST(Objectives, EntriesCarryTheirTraits) {
  struct Traits {
    std::string name;
    Prediction prediction;
    Likelihood likelihood;
    bool timesteps;
  };
  for (const Traits& traits :
       {Traits{"mlm", Prediction::kMaskedToken, Likelihood::kNone, false},
        Traits{"mdlm", Prediction::kCleanToken, Likelihood::kBound, false},
        Traits{"d3pm_absorb", Prediction::kCleanToken, Likelihood::kBound, true},
        Traits{"sedd", Prediction::kScore, Likelihood::kBound, false},
        Traits{"ar", Prediction::kNextToken, Likelihood::kExact, false}}) {
    const ObjectiveEntry& entry = objective_entry(traits.name);
    EXPECT_EQ(entry.prediction, traits.prediction) << traits.name;
    EXPECT_EQ(entry.likelihood, traits.likelihood) << traits.name;
    EXPECT_EQ(entry.has_timesteps(), traits.timesteps) << traits.name;
  }
  for (const std::string& name : objective_names()) EXPECT_EQ(objective_entry(name).name, name);
  EXPECT_THROW((void)objective_entry("clm"), config::UsageError);
}

/// config cannot include the registry, so which keys an objective reads is a list of its own.
TEST(Objectives, HaveTheirKeysListed) {
  const auto listed = config::listed_objectives();
  const std::vector<std::string> names = objective_names();
  EXPECT_EQ((std::set<std::string>(listed.begin(), listed.end())),
            (std::set<std::string>(names.begin(), names.end())))
      << "config/key_conditions.cc and the registry of objectives differ";
}

/// config cannot include the registry, so the key's help is a list of its own.
TEST(Objectives, TheHelpOfTheKeyNamesEveryObjective) {
  const std::string about(config::find_key("train.objective")->about);
  for (const std::string& name : objective_names()) {
    EXPECT_TRUE(std::regex_search(about, std::regex("\\b" + name + "\\b"))) << name;
  }
}

/// Cells of a Markdown table's row, without spaces around them.
std::vector<std::string> cells(const std::string& row) {
  std::vector<std::string> found;
  std::istringstream rest(row.substr(row.find('|') + 1));
  for (std::string cell; std::getline(rest, cell, '|');) {
    const auto first = cell.find_first_not_of(' ');
    if (first == std::string::npos) continue;
    found.push_back(cell.substr(first, cell.find_last_not_of(' ') + 1 - first));
  }
  return found;
}

/// The rows of a page with this text, in backticks, in cell `column`.
std::vector<std::vector<std::string>> rows_of(const std::string& page, const std::string& name,
                                              std::size_t column) {
  std::vector<std::vector<std::string>> found;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('|')) continue;
    if (auto row = cells(line); row.size() > column && row[column] == "`" + name + "`") {
      found.push_back(std::move(row));
    }
  }
  return found;
}

TEST(Objectives, ThePageAgreesWithTheRegistry) {
  const std::string page =
      proto::read_file(std::string(MILLRACE_SOURCE_DIR) + "/docs/reference/objectives.md");
  for (const std::string& name : objective_names()) {
    SCOPED_TRACE(name);
    const ObjectiveEntry& entry = objective_entry(name);
    const auto algorithms = rows_of(page, name, 1);
    ASSERT_FALSE(algorithms.empty());
    for (const std::string& provider : entry.providers) {
      EXPECT_NE(algorithms.front()[2].find("`" + provider + "`"), std::string::npos) << provider;
    }
    const auto losses = rows_of(page, name, 0);
    ASSERT_EQ(losses.size(), 1U);
    const std::string &relation = losses.front()[2], &needs = losses.front()[3];
    switch (entry.likelihood) {
      case Likelihood::kNone: EXPECT_EQ(relation, "none"); break;
      case Likelihood::kExact: EXPECT_EQ(relation, "equal"); break;
      case Likelihood::kBound: EXPECT_NE(relation.find("bound"), std::string::npos); break;
    }
    if (needs.starts_with("as `")) continue;
    EXPECT_EQ(needs.find("time (i64)") != std::string::npos, entry.has_timesteps());
    EXPECT_EQ(needs.find("a `[MASK]`") != std::string::npos, entry.needs_mask);
  }
}

}  // namespace
}  // namespace millrace::trainer
