// The example of docs/how-to/add_a_sampler.md: a sampler that is not built in, added to the
// registry and chosen like any other.
#include "tests/trainer/examples/in_order_sampler.h"

#include <gtest/gtest.h>

#include <any>
#include <stdexcept>
#include <string>

#include "proto/files.h"
#include "tests/support/complaint.h"
#include "tests/support/known_texts.h"
#include "tests/support/messages.h"

namespace millrace::trainer {
namespace {

using testing::empty_input, testing::kLetterMask, testing::kLetters;

/// Registers it, once.
class InOrderSampler : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { add_sampler(in_order_entry()); }

  InOrderSampler() {
    options.train.objective = "mlm";
    meta.vocab_size = kLetters + 1;
    meta.mask_token_id = kLetterMask;
  }

  [[nodiscard]] Sampled sample(const SamplerInput& input, const std::any& settings = {}) const {
    testing::KnowingNetwork network(
        [](const NetworkInput& given) { return testing::log_posterior(given.tokens); });
    SampleRng rng(17, 0, input.tokens.size(0));
    return make_sampler(in_order_entry(), {.settings = settings}, options, meta)
        ->sample(network, input, rng);
  }

  config::Options options;
  proto::StreamMeta meta;
};

TEST_F(InOrderSampler, GivesTheKnownDistributionInBothDirections) {
  const InOrderSettings backwards{.backwards = true};
  for (const std::any& settings : {std::any(), std::any(backwards)}) {
    const Sampled found = sample(empty_input(40000, 2), settings);
    EXPECT_EQ(found.network_calls, 2U);
    testing::expect_distribution(testing::counts_of(found.tokens), testing::known_texts());
  }
  EXPECT_FALSE(torch::equal(sample(empty_input(100, 2)).tokens,
                            sample(empty_input(100, 2), backwards).tokens));
}

TEST_F(InOrderSampler, ReadsItsOwnFlag) {
  config::Arguments arguments;
  arguments.flags["sampler"] = "in_order";
  for (const bool given : {false, true}) {
    if (given) arguments.flags["backwards"] = std::nullopt;
    const std::any settings = read_sampler_settings(arguments);
    EXPECT_EQ(std::any_cast<InOrderSettings>(settings).backwards, given);
  }
}

TEST_F(InOrderSampler, SettingsOfAnotherSamplerAreRefused) {
  EXPECT_THROW((void)sample(empty_input(1, 2), 7), std::bad_any_cast);
}

TEST_F(InOrderSampler, GivenTokensStay) {
  SamplerInput input = empty_input(100, 2);
  input.tokens.select(1, 1).fill_(2);
  input.fixed.select(1, 1).fill_(true);
  EXPECT_TRUE(sample(input).tokens.select(1, 1).eq(2).all().item<bool>());
}

TEST_F(InOrderSampler, IsFoundAfterTheBuiltInOnes) {
  EXPECT_EQ(find_sampler("in_order", options, meta).name, "in_order");
  EXPECT_EQ(find_sampler("", options, meta).name, "confidence");
  EXPECT_TRUE(
      testing::contains(testing::complaint([&] { (void)find_sampler("dowsing", options, meta); }),
                        "known: confidence, editing, in_order"));
  EXPECT_EQ(with_sampler_flags({}).flags.back().name, "backwards");
  EXPECT_THROW(add_sampler(in_order_entry()), std::invalid_argument);
}

std::string file(const std::string& name) {
  return proto::read_file(std::string(MILLRACE_SOURCE_DIR) + "/" + name);
}

TEST(HowTo, ThePageQuotesTheSamplerThatIsBuilt) {
  EXPECT_NE(file("docs/how-to/add_a_sampler.md")
                .find("```cpp\n" + file("tests/trainer/examples/in_order_sampler.cc") + "```\n"),
            std::string::npos);
}

}  // namespace
}  // namespace millrace::trainer
