// Iterative editing with networks whose answers are known.
#include "trainer/sampling/sample_by_editing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "tests/support/known_texts.h"
#include "trainer/sampling/samplers.h"

namespace millrace::trainer {
namespace {

using testing::empty_input, testing::expect_distribution, testing::kLetterMask, testing::kLetters,
    testing::KnowingNetwork;

constexpr std::int64_t kSamples = 40000;
const Filler kMasks{kLetters + 1, kLetterMask, false};

torch::Tensor posterior(const NetworkInput& input) { return testing::log_posterior(input.tokens); }

constexpr double kUneven[] = {0.2, 0.5, 0.3};
/// The same at each position.
torch::Tensor uneven(const NetworkInput& input) {
  const auto row = torch::tensor({kUneven[0], kUneven[1], kUneven[2], 9.0}, torch::kFloat64).log();
  return row.expand({input.tokens.size(0), input.tokens.size(1), kLetters + 1});
}

/// Logits that depend on the whole text, in whole numbers, so that no sum is rounded.
torch::Tensor by_neighbours(const NetworkInput& input) {
  const auto x = input.tokens.to(torch::kFloat64);
  const auto around = x.roll(1, 1) + 2.0 * x.roll(-1, 1) + x.sum(1, true);
  return torch::stack(
      {around.remainder(3.0), around.remainder(2.0), around.remainder(5.0) * 0.5, around}, 2);
}

/// The tokens of each network call.
std::vector<torch::Tensor> seen;
torch::Tensor noting(const NetworkInput& input) {
  seen.push_back(input.tokens.clone());
  return uneven(input);
}

/// Everything that the step callback gets, by text and step.
struct Album {
  std::map<std::int64_t, std::vector<std::vector<std::int64_t>>> texts;

  [[nodiscard]] StepCallback on_step() {
    return [this](const SampleStep& step) {
      ASSERT_EQ(step.tokens.size(0), 1);
      const auto* const first = step.tokens.const_data_ptr<std::int64_t>();
      auto& steps = texts[step.first];
      EXPECT_EQ(step.step, steps.size());
      steps.emplace_back(first, first + step.tokens.size(1));
    };
  }
};

EditPlan constant(double inserted, double deleted) {
  EditPlan plan;
  plan.insert_ratio = {inserted, inserted};
  plan.delete_ratio = {deleted, deleted};
  return plan;
}

std::vector<std::int64_t> text_of(const Sampled& found, std::int64_t row) {
  const auto* const first =
      found.tokens.const_data_ptr<std::int64_t>() + row * found.tokens.size(1);
  return {first, first + found.lengths[row].item<std::int64_t>()};
}

TEST(SampleByEditing, WithoutEditsEachRoundRedrawsAllTokens) {
  KnowingNetwork network(posterior);
  SampleRng rng(5, 0, kSamples);
  Album album;
  const auto found = make_editing_sampler({}, kMasks, 2, 2, {})
                         ->sample(network, empty_input(kSamples, 2), rng, album.on_step());
  EXPECT_EQ(found.network_calls, 2U);
  EXPECT_EQ(found.lengths.eq(2).sum().item<std::int64_t>(), kSamples);
  expect_distribution(testing::counts_of(found.tokens), testing::texts_at_once(1.0));
  // The first token of round 2 was drawn for the second one of round 1: together they are a text.
  std::vector<std::int64_t> across;
  for (const auto& [row, steps] : album.texts) {
    across.insert(across.end(), {steps[2][0], steps[1][1]});
  }
  expect_distribution(testing::counts_of(torch::tensor(across, torch::kInt64).view({-1, 2})),
                      testing::known_texts());
}

TEST(SampleByEditing, GivenTokensStay) {
  KnowingNetwork network(posterior);
  SampleRng rng(6, 0, kSamples);
  SamplerInput input = empty_input(kSamples, 2);
  input.tokens.select(1, 0).fill_(2);
  input.fixed.select(1, 0).fill_(true);
  const auto found = make_editing_sampler({}, kMasks, 2, 3, {})->sample(network, input, rng);
  EXPECT_TRUE(found.tokens.select(1, 0).eq(2).all().item<bool>());
  const auto p = testing::known_texts()[2];
  expect_distribution(torch::bincount(found.tokens.select(1, 1), {}, kLetters).to(torch::kFloat64),
                      p / p.sum());
}

TEST(SampleByEditing, AppliesTheLogitsFilter) {
  KnowingNetwork network(uneven);
  SampleRng rng(6, 0, 50);
  const auto found = make_editing_sampler({}, kMasks, 9, 2, {.temperature = 0.0})
                         ->sample(network, empty_input(50, 9), rng);
  EXPECT_TRUE(found.tokens.eq(1).all().item<bool>());
}

TEST(SampleByEditing, GrowsAsScheduled) {
  EditPlan plan;
  plan.insert_ratio = {0.5, 0.1};
  plan.edit_schedule = Curve::kLinear;
  plan.cooldown_distance = 0;
  KnowingNetwork network(uneven);
  SampleRng rng(7, 0, 3);
  Album album;
  const auto found = make_editing_sampler(plan, kMasks, 64, 3, {})
                         ->sample(network, empty_input(3, 10), rng, album.on_step());
  EXPECT_EQ(found.network_calls, 4U);  // one for the probabilities of the beginning
  for (const auto& [row, steps] : album.texts) {
    ASSERT_EQ(steps.size(), 4U);
    const std::vector<std::size_t> wanted{10, 15, 19, 20};  // 0.5, 0.3 and 0.1 of the length before
    for (std::size_t step = 0; step < steps.size(); ++step) {
      EXPECT_EQ(steps[step].size(), wanted[step]) << step;
    }
    EXPECT_EQ(text_of(found, row), steps.back());
  }
}

TEST(SampleByEditing, DeletesOnlyTokensWhoseDeletionGains) {
  EditPlan plan = constant(0.1, 0.2);
  plan.delete_lambda = 0.0;
  plan.cooldown_distance = 0;
  KnowingNetwork network(uneven);
  SampleRng rng(8, 0, 20);
  Album album;
  const auto found = make_editing_sampler(plan, kMasks, 64, 6, {})
                         ->sample(network, empty_input(20, 40), rng, album.on_step());
  std::size_t shortened = 0;
  for (const auto& [row, steps] : album.texts) {
    for (std::size_t step = 1; step < steps.size(); ++step) {
      const auto& before = steps[step - 1];
      std::size_t gainful = 0;
      for (std::size_t i = 0; step > 1 && i + 1 < before.size(); ++i) {
        if (kUneven[before[i + 1]] - kUneven[before[i]] > plan.delete_margin) {
          ++gainful;
        }
      }
      const auto share = [&](double of) {
        return static_cast<std::size_t>(of * static_cast<double>(before.size()));
      };
      EXPECT_EQ(steps[step].size(), before.size() + share(0.1) - std::min(share(0.2), gainful))
          << row << " " << step;
      if (steps[step].size() < before.size()) {
        ++shortened;
      }
    }
  }
  EXPECT_GT(shortened, 50U);
}

TEST(SampleByEditing, TheNetworkSeesNoPadding) {
  EditPlan plan = constant(0.1, 0.3);
  plan.delete_lambda = 0.0;
  seen.clear();
  KnowingNetwork network(noting);
  SampleRng rng(9, 0, 30);
  Album album;
  const auto found = make_editing_sampler(plan, kMasks, 40, 4, {})
                         ->sample(network, empty_input(30, 20), rng, album.on_step());
  EXPECT_EQ(found.network_calls, network.calls);
  EXPECT_EQ(network.rows, 30 * 5);
  std::map<std::int64_t, std::int64_t> asked, wanted;  // rows by length
  for (std::size_t call = 1; call < seen.size(); ++call) {
    asked[seen[call].size(1)] += seen[call].size(0);
  }
  for (const auto& [row, steps] : album.texts) {
    for (std::size_t step = 1; step < steps.size(); ++step) {
      ++wanted[static_cast<std::int64_t>(steps[step].size())];
    }
  }
  EXPECT_EQ(asked, wanted);
  EXPECT_GT(wanted.size(), 3U);
  EXPECT_EQ(found.tokens.size(1), found.lengths.max().item<std::int64_t>());
}

TEST(SampleByEditing, NeverLongerThanTheBlock) {
  KnowingNetwork network(uneven);
  SampleRng rng(10, 0, 4);
  const auto found = make_editing_sampler(constant(1.0, 0.0), kMasks, 13, 5, {})
                         ->sample(network, empty_input(4, 5), rng);
  EXPECT_TRUE(found.lengths.eq(13).all().item<bool>());
}

TEST(SampleByEditing, ATextDoesNotDependOnTheOthers) {
  EditPlan plan = constant(0.2, 0.2);
  plan.delete_margin = 0.0;
  plan.cooldown_distance = 1;
  plan.noise = {0.3, 0.0};
  const auto sampler = make_editing_sampler(plan, kMasks, 24, 6, {});
  KnowingNetwork network(by_neighbours);
  SampleRng all(11, 0, 8), last(11, 7, 1);
  const auto eight = sampler->sample(network, empty_input(8, 12), all);
  const auto one = sampler->sample(network, empty_input(1, 12), last);
  EXPECT_EQ(text_of(eight, 7), text_of(one, 0));
  EXPECT_NE(text_of(eight, 6), text_of(one, 0));
  EXPECT_NE(eight.lengths.min().item<std::int64_t>(), eight.lengths.max().item<std::int64_t>());
}

TEST(SampleByEditing, GivenRunsStayTogetherInOrderAndAtTheirEnds) {
  SamplerInput given = empty_input(40, 9);  // 2 1 _ _ 0 0 _ 1 2
  for (const auto& [at, token] :
       std::map<std::int64_t, std::int64_t>{{0, 2}, {1, 1}, {4, 0}, {5, 0}, {7, 1}, {8, 2}}) {
    given.tokens.select(1, at).fill_(token);
    given.fixed.select(1, at).fill_(true);
  }
  EditPlan plan = constant(0.5, 0.5);
  plan.delete_margin = 0.0;
  plan.cooldown_distance = 0;
  plan.noise = {0.2, 0.2};
  // Only 2s are written, so that the zeros show what is given.
  KnowingNetwork network([](const NetworkInput& input) {
    auto logits = torch::full({input.tokens.size(0), input.tokens.size(1), kLetters + 1}, -1000.0,
                              torch::kFloat64);
    logits.select(2, 2).fill_(0.0);
    return logits;
  });
  SampleRng rng(12, 0, 40);
  const auto found = make_editing_sampler(plan, kMasks, 20, 8, {})->sample(network, given, rng);
  for (std::int64_t row = 0; row < 40; ++row) {
    const auto text = text_of(found, row);
    ASSERT_GE(text.size(), 6U);
    EXPECT_TRUE(text[0] == 2 && text[1] == 1 && text[text.size() - 2] == 1 && text.back() == 2);
    EXPECT_EQ(std::ranges::count(text, 0), 2);
    const auto zero = std::ranges::find(text, 0);
    EXPECT_EQ(*(zero + 1), 0);
  }
  EXPECT_NE(found.lengths.min().item<std::int64_t>(), found.lengths.max().item<std::int64_t>());
}

TEST(SampleByEditing, NoiseTurnsAShareIntoFiller) {
  EditPlan plan;
  plan.noise = {0.25, 0.25};
  seen.clear();
  KnowingNetwork network(noting);
  SampleRng rng(13, 0, 1000);
  SamplerInput input = empty_input(1000, 11);
  input.fixed.select(1, 0).fill_(true);
  (void)make_editing_sampler(plan, kMasks, 11, 2, {})->sample(network, input, rng);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].eq(kLetterMask).sum().item<std::int64_t>(), 10000);
  const double masks = seen[1].eq(kLetterMask).sum().item<double>();
  EXPECT_NEAR(masks, 2500.0, 5.0 * std::sqrt(10000.0 * 0.25 * 0.75));
  EXPECT_TRUE(seen[1].select(1, 0).eq(0).all().item<bool>());
}

TEST(SampleByEditing, RandomFillerIsAnyTokenButTheMask) {
  const auto counts_with = [](const Filler& filler) {
    KnowingNetwork network([](const NetworkInput& input) {
      return torch::zeros({input.tokens.size(0), input.tokens.size(1), kLetters + 1},
                          torch::kFloat64);
    });
    SampleRng rng(14, 0, 1000);
    Album album;
    (void)make_editing_sampler({}, filler, 20, 1, {})
        ->sample(network, empty_input(1000, 20), rng, album.on_step());
    auto counts = torch::zeros({kLetters + 1}, torch::kFloat64);
    for (const auto& [row, steps] : album.texts) {
      for (const std::int64_t token : steps[0]) {
        counts[token] += 1.0;
      }
    }
    return counts;
  };
  expect_distribution(counts_with({kLetters + 1, 1, true}),
                      torch::tensor({1.0, 0.0, 1.0, 1.0}, torch::kFloat64) / 3.0);
  expect_distribution(counts_with({kLetters + 1, std::nullopt, false}),
                      torch::full({4}, 0.25, torch::kFloat64));
}

struct Made {
  config::Options options;
  proto::StreamMeta meta;

  Made() {
    options.train.objective = "mlm";
    meta.vocab_size = kLetters + 1;
    meta.mask_token_id = kLetterMask;
    meta.block_size = 6;
  }

  /// Whether all texts begin as masks alone.
  [[nodiscard]] bool masks(const std::string& name = "editing") const {
    KnowingNetwork network(uneven);
    SampleRng rng(15, 0, 4);
    bool all = true;
    const auto on_step = [&](const SampleStep& step) {
      if (step.step == 0) all = all && step.tokens.eq(kLetterMask).all().item<bool>();
    };
    (void)make_sampler(find_sampler(name, options, meta), {.steps = 1}, options, meta)
        ->sample(network, empty_input(4, 6), rng, on_step);
    return all;
  }
};

TEST(MakeSampler, EditingFillsWithMasksWhereTrainingShowedThem) {
  Made made;
  EXPECT_TRUE(made.masks());
  made.options.provider.name = "char_random_replacement";
  EXPECT_TRUE(made.masks());
  made.options.provider.mask_weight = 0.0;
  EXPECT_FALSE(made.masks());
  made.options.provider.name = "char_diffusion";
  EXPECT_TRUE(made.masks());
  made.meta.mask_token_id.reset();
  EXPECT_FALSE(made.masks());
  EXPECT_FALSE(made.masks(""));  // without a mask it is the default
}

}  // namespace
}  // namespace millrace::trainer
