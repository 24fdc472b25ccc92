// The entropy of a text's tokens, and how a generative perplexity is reported.
#include "trainer/evaluation/generative_perplexity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

namespace millrace::trainer {
namespace {

using Tokens = std::vector<std::int64_t>;

TEST(TokenEntropy, EqualsItsClosedForms) {
  EXPECT_EQ(token_entropy(Tokens{}), 0.0);
  EXPECT_EQ(token_entropy(Tokens{7, 7, 7}), 0.0);
  EXPECT_NEAR(token_entropy(Tokens{3, 1, 4, 5}), std::log(4.0), 1e-12);
  EXPECT_NEAR(token_entropy(Tokens{1, 2, 1, 1}), 0.75 * std::log(4.0 / 3.0) + 0.25 * std::log(4.0),
              1e-12);
}

TEST(GenerativePerplexity, IsReportedWithTheEntropyBesideIt) {
  const GenerativePerplexity found{"out/gpt2", 500, {std::log(8.0), 0.25}, 1.5, 3, 90};
  const auto json = nlohmann::json::parse(to_json_line(found));
  EXPECT_NEAR(json.at("generative_perplexity").get<double>(), 8.0, 1e-9);
  EXPECT_NEAR(json.at("nats_per_token").get<double>(), std::log(8.0), 1e-12);
  EXPECT_EQ(json.at("standard_error"), 0.25);
  EXPECT_EQ(json.at("token_entropy_nats"), 1.5);
  EXPECT_EQ(json.at("texts"), 3);
  EXPECT_EQ(json.at("tokens"), 90);
  EXPECT_EQ(json.at("checkpoint"), "out/gpt2");
  EXPECT_EQ(json.at("step"), 500);
  EXPECT_NE(to_line(found).find("perplexity 8"), std::string::npos) << to_line(found);
  EXPECT_NE(to_line(found).find("entropy 1.5"), std::string::npos) << to_line(found);
}

}  // namespace
}  // namespace millrace::trainer
