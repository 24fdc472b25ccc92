// The samplers that choose which position to write next: autoregressive (left to right) and
// confidence (the surest first). For the example sampler in_order see
// tests/trainer/examples/in_order_sampler_test.cc.
#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/support/known_texts.h"
#include "trainer/models/gpt2.h"
#include "trainer/sampling/sample_autoregressive.h"
#include "trainer/sampling/sample_by_confidence.h"

namespace millrace::trainer {
namespace {

using testing::empty_input, testing::expect_distribution, testing::kLetterMask, testing::kLetters,
    testing::KnowingNetwork;

constexpr std::int64_t kSamples = 40000;

/// The token x is followed by x + 1 with certainty, 2 by any token.
torch::Tensor next_letters(const NetworkInput& input) {
  return (torch::one_hot((input.tokens + 1) % kLetters, kLetters) * input.tokens.ne(2).unsqueeze(2))
             .to(torch::kFloat64) *
         50.0;
}

SamplerInput started(std::int64_t samples, std::int64_t length, std::int64_t given,
                     std::int64_t token) {
  SamplerInput input = empty_input(samples, length);
  input.tokens.narrow(1, 0, given).fill_(token);
  input.fixed.narrow(1, 0, given).fill_(true);
  return input;
}

TEST(SampleAutoregressive, ContinuesTheStart) {
  KnowingNetwork network(next_letters);
  SampleRng rng(4, 0, kSamples);
  const auto found =
      make_autoregressive_sampler({})->sample(network, started(kSamples, 4, 1, 0), rng);
  EXPECT_EQ(found.network_calls, 3U);
  EXPECT_TRUE(torch::equal(found.tokens.narrow(1, 0, 3),
                           torch::tensor({0, 1, 2}, torch::kInt64).expand({kSamples, 3})));
  expect_distribution(torch::bincount(found.tokens.select(1, 3), {}, 3).to(torch::kFloat64),
                      torch::full({3}, 1.0 / 3.0, torch::kFloat64));
}

TEST(SampleAutoregressive, GivesTheKnownDistribution) {
  // Position 0 is the start; ln p(first), then ln p(second | first).
  KnowingNetwork network([](const NetworkInput& input) {
    const auto p = testing::known_texts();
    return input.tokens.size(1) == 1
               ? p.sum(1).log().expand({input.tokens.size(0), 1, 3})
               : (p / p.sum(1, true)).log().index_select(0, input.tokens.select(1, 1)).unsqueeze(1);
  });
  SampleRng rng(14, 0, kSamples);
  const auto found =
      make_autoregressive_sampler({})->sample(network, started(kSamples, 3, 1, 0), rng);
  expect_distribution(testing::counts_of(found.tokens.narrow(1, 1, 2)), testing::known_texts());
}

/// A model that decodes with its cache, or without. Counts the tokens of a text that it computes.
struct CountingNetwork : Network {
  CountingNetwork(std::shared_ptr<Model> given, bool with_cache)
      : model(std::move(given)), has_cache(with_cache) {}
  torch::Tensor encode(const NetworkInput& input) override {
    tokens += input.tokens.size(1);
    return model->encode(input);
  }
  torch::Tensor project(const torch::Tensor& hidden) override { return model->project(hidden); }
  std::unique_ptr<Decoder> decoder(std::int64_t longest) override {
    return has_cache ? std::make_unique<Counting>(*this, longest) : Network::decoder(longest);
  }

  struct Counting : Decoder {
    Counting(CountingNetwork& network, std::int64_t longest)
        : of(network), inner(network.model->decoder(longest)) {}
    torch::Tensor read(const torch::Tensor& next) override {
      of.tokens += next.size(1);
      return inner->read(next);
    }
    CountingNetwork& of;
    std::unique_ptr<Decoder> inner;
  };

  std::shared_ptr<Model> model;
  bool has_cache;
  std::int64_t tokens = 0;
};

TEST(SampleAutoregressive, WithAndWithoutACacheTheTextsAreTheSame) {
  torch::manual_seed(16);
  const auto model =
      make_gpt2({.vocab_size = 7, .block_size = 12, .n_layer = 2, .n_head = 2, .n_embd = 16});
  model->to(torch::kFloat64);
  model->eval();
  const torch::NoGradGuard no_grad;
  std::vector<Sampled> found;
  std::vector<std::int64_t> tokens;
  for (const bool has_cache : {false, true}) {
    CountingNetwork network(model, has_cache);
    SampleRng rng(6, 0, 50);
    found.push_back(make_autoregressive_sampler({})->sample(network, started(50, 12, 4, 1), rng));
    tokens.push_back(network.tokens);
  }
  EXPECT_TRUE(torch::equal(found[0].tokens, found[1].tokens));
  EXPECT_EQ(found[0].network_calls, 8U);
  EXPECT_EQ(found[1].network_calls, 8U);
  EXPECT_EQ(tokens, (std::vector<std::int64_t>{4 + 5 + 6 + 7 + 8 + 9 + 10 + 11, 4 + 7}));
}

TEST(SampleAutoregressive, RefusesAMissingStartAndFixedTokensAfterIt) {
  KnowingNetwork network(next_letters);
  SampleRng rng(1, 0, 2);
  const auto sampler = make_autoregressive_sampler({});
  EXPECT_THROW((void)sampler->sample(network, empty_input(2, 3), rng), std::invalid_argument);
  SamplerInput gap = started(2, 3, 1, 0);
  gap.fixed.select(1, 2).fill_(true);
  EXPECT_THROW((void)sampler->sample(network, gap, rng), std::invalid_argument);
}

/// Position i is sure of the letter i % 3 by i.
torch::Tensor surer_to_the_right(const NetworkInput& input) {
  const std::int64_t length = input.tokens.size(1);
  const auto at = torch::arange(length, torch::kInt64);
  const auto sure =
      torch::one_hot(at % kLetters, kLetters + 1).to(torch::kFloat64) * (at + 20).unsqueeze(1);
  return sure.index_fill(1, torch::tensor({kLetterMask}), 100.0)
      .unsqueeze(0)
      .expand({input.tokens.size(0), length, kLetters + 1});
}

TEST(SampleByConfidence, KeepsTheSurestOfEachStep) {
  static std::vector<torch::Tensor> seen;
  seen.clear();
  KnowingNetwork network([](const NetworkInput& input) {
    seen.push_back(input.tokens.clone());
    return surer_to_the_right(input);
  });
  SampleRng rng(3, 0, 2);
  const auto found =
      make_confidence_sampler(kLetterMask, 3, {})->sample(network, empty_input(2, 7), rng);
  ASSERT_EQ(seen.size(), 3U);
  const auto wanted = torch::tensor({0, 1, 2, 0, 1, 2, 0}, torch::kInt64).expand({2, 7});
  // 7, floor(7 · 2/3), floor(7 · 1/3).
  for (const auto& [step, masks] : {std::pair{0U, 7}, std::pair{1U, 4}, std::pair{2U, 2}}) {
    EXPECT_TRUE(seen[step].narrow(1, 0, masks).eq(kLetterMask).all().item<bool>()) << step;
    EXPECT_TRUE(
        torch::equal(seen[step].narrow(1, masks, 7 - masks), wanted.narrow(1, masks, 7 - masks)))
        << step;
  }
  EXPECT_TRUE(torch::equal(found.tokens, wanted));
}

/// Whatever the filter, the masks go by the network's own probabilities: here the oracle is a list
/// of positions, the surest first.
TEST(SampleByConfidence, TheFilterDoesNotChangeTheOrder) {
  static const std::vector<std::int64_t> order{4, 1, 6, 0, 5, 2, 3};
  static std::vector<torch::Tensor> seen;
  const auto length = static_cast<std::int64_t>(order.size());
  for (const LogitsFilter& filter :
       {LogitsFilter{}, LogitsFilter{.temperature = 0.0}, LogitsFilter{.temperature = 1e-3},
        LogitsFilter{.top_k = 1}, LogitsFilter{.top_p = 0.1}}) {
    seen.clear();
    KnowingNetwork network([](const NetworkInput& input) {
      seen.push_back(input.tokens.clone());
      auto logits = torch::zeros(
          {input.tokens.size(0), static_cast<std::int64_t>(order.size()), kLetters + 1},
          torch::kFloat64);
      double sureness = 20.0;
      for (const std::int64_t position : order) {
        logits.select(1, position).select(1, position % kLetters) = sureness;
        sureness -= 1.0;
      }
      return logits;
    });
    SampleRng rng(3, 0, 2);
    const auto found = make_confidence_sampler(kLetterMask, order.size(), filter)
                           ->sample(network, empty_input(2, length), rng);
    seen.push_back(found.tokens);
    ASSERT_EQ(seen.size(), order.size() + 1);
    for (std::size_t step = 0; step < order.size(); ++step) {
      const auto unmasked = seen[step].ne(seen[step + 1]);
      EXPECT_TRUE(unmasked.select(1, order[step]).all().item<bool>()) << step;
      EXPECT_EQ(unmasked.sum().item<std::int64_t>(), 2) << "one of each text, in step " << step;
    }
  }
}

TEST(SampleByConfidence, AStepThatKeepsNoTokenDoesNotCallTheNetwork) {
  KnowingNetwork network(surer_to_the_right);
  SampleRng rng(3, 0, 1);
  EXPECT_EQ(make_confidence_sampler(kLetterMask, 50, {})
                ->sample(network, empty_input(1, 7), rng)
                .network_calls,
            7U);
}

TEST(SampleByConfidence, OneStepDrawsTokensIndependently) {
  KnowingNetwork network(
      [](const NetworkInput& input) { return testing::log_posterior(input.tokens); });
  SampleRng rng(31, 0, kSamples);
  const auto found =
      make_confidence_sampler(kLetterMask, 1, {})->sample(network, empty_input(kSamples, 2), rng);
  expect_distribution(testing::counts_of(found.tokens), testing::texts_at_once(1.0));
}

TEST(SampleByConfidence, FixedTokensStay) {
  KnowingNetwork network(surer_to_the_right);
  SampleRng rng(3, 0, 2);
  const auto found =
      make_confidence_sampler(kLetterMask, 2, {})->sample(network, started(2, 5, 2, 2), rng);
  EXPECT_TRUE(
      torch::equal(found.tokens, torch::tensor({2, 2, 2, 0, 1}, torch::kInt64).expand({2, 5})));
}

}  // namespace
}  // namespace millrace::trainer
