// Means, ratios and their errors, and the report as JSON and as text.
#include "trainer/evaluation/likelihood_report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace millrace::trainer {
namespace {

TEST(LikelihoodReport, MeansHaveTheErrorOfIndependentValues) {
  const Estimate found = mean_of({1.0, 2.0, 3.0, 6.0});
  EXPECT_DOUBLE_EQ(found.value, 3.0);
  EXPECT_DOUBLE_EQ(*found.standard_error, std::sqrt((4.0 + 1.0 + 0.0 + 9.0) / 3.0 / 4.0));
  EXPECT_EQ(mean_of({5.0}).standard_error, std::nullopt);
}

TEST(LikelihoodReport, RatiosHaveNoErrorWhereAllWindowsAgree) {
  const Estimate found = ratio_of({2.0, 4.0, 8.0}, {1.0, 2.0, 4.0});
  EXPECT_DOUBLE_EQ(found.value, 2.0);
  EXPECT_DOUBLE_EQ(*found.standard_error, 0.0);
  const Estimate equal = ratio_of({2.0, 4.0, 12.0}, {2.0, 2.0, 2.0}),
                 mean = mean_of({1.0, 2.0, 6.0});
  EXPECT_DOUBLE_EQ(equal.value, mean.value);
  EXPECT_DOUBLE_EQ(*equal.standard_error, *mean.standard_error);
}

LikelihoodReport bound() {
  LikelihoodReport m;
  m.objective = "mdlm";
  m.windows = 3, m.windows_of_split = 10, m.tokens_per_window = 8, m.samples_per_window = 4,
  m.seed = 9, m.batch_size = 2;
  m.averaged = true;
  m.characters = true;
  m.nats_per_token = Estimate{std::log(2.0), 0.1};
  m.by_timesteps = {{4, {std::log(4.0), 0.2}}};
  return m;
}

proto::Checkpoint checkpoint() {
  proto::Checkpoint checkpoint;
  checkpoint.folder = "out/step-00000012";
  checkpoint.state.step = 12;
  checkpoint.state.files = {{proto::kEmaFile, {1, "aa"}}, {proto::kModelFile, {1, "bb"}}};
  return checkpoint;
}

TEST(LikelihoodReport, JsonHasTheUnitsAndEverythingToRepeatIt) {
  const auto json = nlohmann::json::parse(to_json(bound(), checkpoint()));
  EXPECT_NEAR(json.at("bits_per_token").at("value").get<double>(), 1.0, 1e-12);
  EXPECT_NEAR(json.at("bits_per_character").at("standard_error").get<double>(), 0.1 / std::log(2.0),
              1e-12);
  EXPECT_NEAR(json.at("perplexity").at("value").get<double>(), 2.0, 1e-12);
  EXPECT_NEAR(json.at("perplexity").at("standard_error").get<double>(), 0.2, 1e-12);
  EXPECT_EQ(json.at("likelihood"), "bound");
  EXPECT_EQ(json.at("by_timesteps").at(0).at("timesteps"), 4);
  EXPECT_NEAR(json.at("by_timesteps").at(0).at("perplexity").at("value").get<double>(), 4.0, 1e-12);
  EXPECT_EQ(json.at("windows"), nlohmann::json::parse(R"({"first_sample":0,"count":3,"of":10})"));
  EXPECT_EQ(json.at("weights_xxh64"), "aa");
  for (const char* const key : {"checkpoint", "step", "fingerprint", "split", "samples_per_window",
                                "seed", "computed_on"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
}

TEST(LikelihoodReport, TokensThatAreNoCharactersHaveNoBitsPerCharacter) {
  LikelihoodReport m = bound();
  m.characters = false;
  EXPECT_FALSE(nlohmann::json::parse(to_json(m, checkpoint())).contains("bits_per_character"));
  EXPECT_EQ(to_text(m).find("per character"), std::string::npos);
}

TEST(LikelihoodReport, AnUnknownErrorIsNotReported) {
  LikelihoodReport m = bound();
  m.nats_per_token = Estimate{1.0, {}};
  EXPECT_TRUE(nlohmann::json::parse(to_json(m, checkpoint()))
                  .at("nats_per_token")
                  .at("standard_error")
                  .is_null());
  EXPECT_NE(to_text(m).find("nats per token      1.0000\n"), std::string::npos);
}

TEST(LikelihoodReport, MaskedLanguageModelsHaveATableByRatio) {
  LikelihoodReport m = bound();
  m.objective = "mlm", m.nats_per_token.reset(), m.by_timesteps.clear();
  m.loss = Estimate{1.5, 0.1}, m.accuracy = Estimate{0.5, 0.01};
  m.by_masked_ratio = {{0.1, 0.2, 3, *m.loss, *m.accuracy}};
  const auto json = nlohmann::json::parse(to_json(m, checkpoint()));
  EXPECT_FALSE(json.contains("likelihood"));
  EXPECT_EQ(json.at("by_masked_ratio").at(0).at("windows"), 3);
  EXPECT_NE(to_text(m).find("10– 20 %         3   1.5000 ± 0.1000     0.5000 ± 0.0100"),
            std::string::npos)
      << to_text(m);
}

}  // namespace
}  // namespace millrace::trainer
